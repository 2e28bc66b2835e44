"""Catalogue: public data sets of music that this software knows how to read, whose they are and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from antiphon.errors import InputError


class Rights(StrEnum):
    """What may be done with a data set."""

    FREE = "F"
    THIRD_PARTY = "T"
    NON_COMMERCIAL = "N"
    NONE_STATED = "X"


MEANING = {
    Rights.FREE: "free: public domain, CC0, CC BY, BSD, Artistic, GPL",
    Rights.THIRD_PARTY: "licence stated by the compilers over songs that belong to third parties",
    Rights.NON_COMMERCIAL: "non-commercial use only",
    Rights.NONE_STATED: "no licence stated: research only",
}
"""What each class of rights stands for."""


@dataclass(frozen=True, slots=True)
class DataSet:
    """One public data set.

    Attributes:
      name: as the command line takes it.
      what: content in one line.
      licence: as its publishers state it.
      rights: class of rights.
      origin: repositories on GitHub ("owner/name"), the first the main one.
      labels: what is annotated.
      reader: reader that knows its layout, or "files" for the generic one.
      obtain: how to lay it out for the reader.
    """

    name: str
    what: str
    licence: str
    rights: Rights
    origin: tuple[str, ...]
    labels: str
    reader: str
    obtain: str

    @property
    def url(self) -> str:
        """Address of the main repository."""
        return f"https://github.com/{self.origin[0]}"


_CLONE = "clone the repository and build from its folder"

DATA_SETS: tuple[DataSet, ...] = (
    DataSet(
        "pop909",
        "909 Chinese pop songs arranged for piano: melody, bridge and accompaniment",
        "MIT (compilation; the songs are third-party copyright)",
        Rights.THIRD_PARTY,
        (
            "music-x-lab/POP909-Dataset",
            "Dsqvival/hierarchical-structure-analysis",
            "AndyWeasley2004/POP909-CL-Dataset",
            "asigalov61/Tegridy-MIDI-Dataset",
        ),
        "chords, keys, tempo, phrases by two people",
        "pop909",
        "one folder with score_quantised/NNN.mid (Misc/POP909-Score.zip of the last repository) and structure/NNN/ with the "
        "label files of the second; POP909/NNN and index.csv of the first are optional",
    ),
    DataSet(
        "jsb",
        "382 four-part Bach chorales on a sixteenth grid",
        "none stated; the music is public domain",
        Rights.FREE,
        ("czhuang/JSB-Chorales-dataset",),
        "published split 229/76/77",
        "jsb",
        "one folder with Jsb16thSeparated.json",
    ),
    DataSet(
        "nottingham",
        "about 1,000 British and American folk tunes with block chords",
        "GPL-3.0 (as stated; the tunes are traditional)",
        Rights.FREE,
        ("jukedeck/nottingham-dataset",),
        "chords, tune type in the file name",
        "nottingham",
        "one folder with MIDI/*.mid (melody and chords in one file)",
    ),
    DataSet(
        "openewld",
        "about 500 public-domain lead sheets, mostly American song before 1925",
        "MIT (as stated; content believed public domain)",
        Rights.FREE,
        ("00sapo/OpenEWLD",),
        "chord symbols, key, genre",
        "openewld",
        "one folder with mxl/AUTHOR/TITLE.mxl and works.csv (file, title, authors, genres, styles)",
    ),
    DataSet(
        "band-free",
        "about 350 pieces for bands from games and game engines: rock, metal, electronic, jazz",
        "BSD-3-Clause, Artistic, GPL-2.0 and CC BY 4.0, by project",
        Rights.FREE,
        (
            "freedoom/freedoom",
            "Catoptromancy/blasphemer",
            "aburch/simutrans",
            "OpenTTD/OpenMSX",
            "tannerhelland/free-music",
            "EasyRPG/RTP",
        ),
        "none: roles by instrument and playing, key and chords by the notes",
        "band-free",
        "the MIDI files of each project in a folder of its name: freedoom, blasphemer, simutrans, openmsx, tannerhelland, "
        "easyrpg-rtp; earlier versions in freedoom-older, named SLOT_COMMIT.mid",
    ),
    DataSet(
        "folk-abc",
        "about 3,700 folk tunes in ABC: Ryan's Mammoth, O'Neill's and Aird's collections",
        "with the encoders' permission, some non-commercial; the tunes are traditional",
        Rights.NON_COMMERCIAL,
        ("cuthbertLab/music21",),
        "tune type, key, meter",
        "files",
        "the folders ryansMammoth, oneills1850 and airdsAirs of music21/corpus",
    ),
    DataSet(
        "string-quartets",
        "complete string quartets in MusicXML by OpenScore",
        "CC0-1.0",
        Rights.FREE,
        ("OpenScore/StringQuartets",),
        "none",
        "files",
        _CLONE,
    ),
    DataSet(
        "groove",
        "drum kit played by professionals to a click (Groove MIDI Dataset)",
        "CC BY 4.0 (Google LLC)",
        Rights.FREE,
        ("magenta/magenta", "zharry29/drums-with-llm"),
        "style, tempo, beat or fill, published split",
        "groove",
        "the MIDI-only release 1.0.0, or the folder groove/ of the second repository",
    ),
    DataSet(
        "freedoom",
        "band music in General MIDI for a game: rock, metal, electronic",
        "BSD-3-Clause",
        Rights.FREE,
        ("freedoom/freedoom",),
        "none",
        "files",
        "the folder musics/ of the repository",
    ),
    DataSet(
        "openmsx",
        "band music in General MIDI for a game: jazz, funk, blues",
        "GPL-2.0",
        Rights.FREE,
        ("OpenTTD/OpenMSX",),
        "none",
        "files",
        _CLONE,
    ),
    DataSet(
        "free-music",
        "game and film style pieces in General MIDI by Tanner Helland",
        "CC BY 4.0",
        Rights.FREE,
        ("tannerhelland/free-music",),
        "none",
        "files",
        _CLONE,
    ),
    DataSet(
        "chord-melody",
        "jazz and pop lead sheets by optical recognition, in C",
        "MIT (the songs are third-party copyright)",
        Rights.THIRD_PARTY,
        ("shiehn/chord-melody-dataset",),
        "chord symbols (with recognition errors)",
        "files",
        "one key's MusicXML files; the other keys are transpositions and would be refused as duplicates",
    ),
    DataSet(
        "asap-scores",
        "classical piano scores with beats and meter",
        "CC BY-NC-SA 4.0",
        Rights.NON_COMMERCIAL,
        ("fosfrancesco/asap-dataset",),
        "beats, downbeats, keys, meter",
        "files",
        "the midi_score.mid files",
    ),
    DataSet(
        "classical-piano",
        "classical and ragtime piano scores, quantised (PianoCoRe)",
        "CC BY-NC-SA 4.0",
        Rights.NON_COMMERCIAL,
        ("asigalov61/Tegridy-MIDI-Dataset",),
        "genre by title",
        "files",
        "Misc/all_pianocore_scores.zip of the repository",
    ),
    DataSet(
        "emopia",
        "1,087 clips of pop piano transcribed from audio, without a beat grid",
        "CC BY-NC-SA 4.0",
        Rights.NON_COMMERCIAL,
        ("annahung31/EMOPIA",),
        "four quadrants of emotion",
        "emopia",
        "the MIDI files Qn_RECORDING_SEGMENT.mid in one folder; no grid can be asked for, as their tempo is a filler",
    ),
    DataSet(
        "vgmidi",
        "piano arrangements of video game music",
        "none stated",
        Rights.NONE_STATED,
        ("lucasnfe/vgmidi",),
        "valence and arousal by 30 listeners",
        "files",
        "the folders labelled/ and unlabelled/",
    ),
)
"""All known data sets."""


def find(name: str) -> DataSet:
    """The data set of that name.

    Raises:
      InputError: it is not in the catalogue.
    """
    known = {d.name: d for d in DATA_SETS}
    if name not in known:
        raise InputError(f"The catalogue has no data set {name!r}; it has {', '.join(known)}.")
    return known[name]

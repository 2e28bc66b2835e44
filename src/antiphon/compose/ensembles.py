"""Ensembles by name: who plays, in which range, how many notes at once, and with what duty."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from antiphon.errors import BriefError
from antiphon.music.instruments import PROGRAMS, guess_program, is_drum_name


@dataclass(frozen=True, slots=True)
class Instrument:
    """What one player can do, in sounding MIDI pitches.

    Attributes:
      program: General MIDI program.
      low, high: what a good player reaches; easy_low, easy_high: where the instrument sounds well all day.
      voices: notes at once; span: semitones between the lowest and highest of them under one hand (0: no limit).
    """

    program: int
    low: int
    high: int
    easy_low: int
    easy_high: int
    voices: int = 1
    span: int = 0


@dataclass(frozen=True, slots=True)
class Player:
    """One part of an ensemble.

    Attributes:
      name: of the part and its track.
      instrument: a name in INSTRUMENTS, or "drums".
      duties: any of "melody", "inner", "bass", "chords", "drums"; or empty for a player who only doubles.
      doubles: name of the player whose part is doubled; octave: octaves above it (negative: below).
      when: "always", or "loud" or "soft" for the phrases that are so.
    """

    name: str
    instrument: str
    duties: tuple[str, ...] = ()
    doubles: str = ""
    octave: int = 0
    when: str = "always"

    @property
    def can(self) -> Instrument:
        """The instrument's abilities."""
        return INSTRUMENTS[self.instrument]

    @property
    def is_drum(self) -> bool:
        """Whether the part is unpitched percussion."""
        return self.instrument == "drums"


INSTRUMENTS: dict[str, Instrument] = {
    "piano": Instrument(0, 21, 108, 33, 96, 10, 16),
    "electric piano": Instrument(4, 28, 103, 36, 91, 10, 16),
    "harpsichord": Instrument(6, 29, 89, 36, 84, 10, 16),
    "celesta": Instrument(8, 60, 108, 60, 96, 8, 16),
    "music box": Instrument(10, 60, 96, 60, 91, 8),
    "vibraphone": Instrument(11, 53, 89, 55, 86, 4),
    "marimba": Instrument(12, 45, 96, 48, 89, 4),
    "organ": Instrument(19, 36, 96, 36, 88, 10, 16),
    "accordion": Instrument(21, 53, 89, 55, 86, 6),
    "guitar": Instrument(24, 40, 83, 40, 76, 6, 38),
    "steel guitar": Instrument(25, 40, 83, 40, 76, 6, 38),
    "jazz guitar": Instrument(26, 40, 83, 40, 76, 6, 38),
    "electric guitar": Instrument(27, 40, 86, 40, 79, 6, 38),
    "lead guitar": Instrument(29, 40, 86, 52, 84),
    "double bass": Instrument(32, 28, 60, 28, 52),
    "bass guitar": Instrument(33, 28, 62, 28, 53),
    "synth bass": Instrument(38, 28, 64, 28, 55),
    "violin": Instrument(40, 55, 100, 57, 86),
    "viola": Instrument(41, 48, 86, 50, 76),
    "cello": Instrument(42, 36, 76, 36, 65),
    "contrabass": Instrument(43, 28, 60, 28, 50),
    "harp": Instrument(46, 24, 103, 31, 91, 8, 16),
    "violins": Instrument(48, 55, 98, 57, 86),
    "violas": Instrument(48, 48, 84, 50, 74),
    "cellos": Instrument(48, 36, 74, 36, 64),
    "soprano voice": Instrument(52, 58, 81, 60, 77),
    "alto voice": Instrument(52, 52, 76, 55, 71),
    "tenor voice": Instrument(52, 46, 70, 48, 67),
    "bass voice": Instrument(52, 40, 64, 41, 60),
    "trumpet": Instrument(56, 54, 82, 57, 77),
    "trombone": Instrument(57, 40, 72, 43, 65),
    "tuba": Instrument(58, 28, 58, 31, 53),
    "muted trumpet": Instrument(59, 54, 82, 57, 77),
    "horn": Instrument(60, 41, 77, 46, 70),
    "soprano saxophone": Instrument(64, 56, 87, 58, 82),
    "alto saxophone": Instrument(65, 49, 80, 51, 75),
    "tenor saxophone": Instrument(66, 44, 75, 46, 70),
    "baritone saxophone": Instrument(67, 36, 68, 39, 62),
    "oboe": Instrument(68, 58, 89, 60, 81),
    "english horn": Instrument(69, 52, 81, 53, 76),
    "bassoon": Instrument(70, 34, 72, 36, 62),
    "clarinet": Instrument(71, 50, 91, 52, 82),
    "piccolo": Instrument(72, 74, 108, 76, 100),
    "flute": Instrument(73, 60, 96, 64, 90),
    "recorder": Instrument(74, 60, 96, 65, 88),
    "pulse lead": Instrument(80, 36, 96, 55, 90),
    "pulse harmony": Instrument(80, 36, 96, 45, 79),
    "saw lead": Instrument(81, 36, 96, 52, 86),
    "warm pad": Instrument(89, 36, 96, 48, 79, 6),
    "fiddle": Instrument(110, 55, 96, 57, 86),
}
"""Abilities of the instruments of all ensembles; ranges as the common orchestration books give them, never beyond
`music.instruments.usual_range`."""

_DRUMS = Player("drums", "drums", ("drums",))


def _players(*rows: tuple[str, str, str]) -> tuple[Player, ...]:
    """Players from (part, instrument, duties separated by blanks)."""
    return tuple(Player(name, instrument, tuple(duties.split())) for name, instrument, duties in rows)


ENSEMBLES: dict[str, tuple[Player, ...]] = {
    "string-quartet": _players(
        ("violin 1", "violin", "melody"), ("violin 2", "violin", "inner"), ("viola", "viola", "inner"),
        ("cello", "cello", "bass"),
    ),
    "string-trio": _players(("violin", "violin", "melody"), ("viola", "viola", "inner"), ("cello", "cello", "bass")),
    "string-orchestra": (
        *_players(
            ("violins 1", "violins", "melody"), ("violins 2", "violins", "inner"), ("violas", "violas", "inner"),
            ("cellos", "cellos", "bass"),
        ),
        Player("contrabasses", "contrabass", doubles="cellos", octave=-1),
    ),
    "brass-quintet": _players(
        ("trumpet 1", "trumpet", "melody"), ("trumpet 2", "trumpet", "inner"), ("horn", "horn", "inner"),
        ("trombone", "trombone", "inner"), ("tuba", "tuba", "bass"),
    ),
    "woodwind-quintet": _players(
        ("flute", "flute", "melody"), ("oboe", "oboe", "inner"), ("clarinet", "clarinet", "inner"), ("horn", "horn", "inner"),
        ("bassoon", "bassoon", "bass"),
    ),
    "saxophone-quartet": _players(
        ("soprano saxophone", "soprano saxophone", "melody"), ("alto saxophone", "alto saxophone", "inner"),
        ("tenor saxophone", "tenor saxophone", "inner"), ("baritone saxophone", "baritone saxophone", "bass"),
    ),
    "choir": _players(
        ("soprano", "soprano voice", "melody"), ("alto", "alto voice", "inner"), ("tenor", "tenor voice", "inner"),
        ("bass", "bass voice", "bass"),
    ),
    "piano": _players(("piano", "piano", "melody chords bass")),
    "organ": _players(("organ", "organ", "melody chords bass")),
    "harpsichord": _players(("harpsichord", "harpsichord", "melody chords bass")),
    "harp": _players(("harp", "harp", "melody chords bass")),
    "music-box": _players(("music box", "music box", "melody chords bass")),
    "guitar": _players(("guitar", "guitar", "melody chords bass")),
    "guitar-duo": _players(("guitar 1", "guitar", "melody"), ("guitar 2", "guitar", "chords bass")),
    "piano-trio": _players(("violin", "violin", "melody"), ("cello", "cello", "bass"), ("piano", "piano", "chords bass")),
    "violin-piano": _players(("violin", "violin", "melody"), ("piano", "piano", "chords bass")),
    "flute-piano": _players(("flute", "flute", "melody"), ("piano", "piano", "chords bass")),
    "folk-band": _players(
        ("fiddle", "fiddle", "melody"), ("guitar", "steel guitar", "chords"), ("bass", "double bass", "bass")
    ),
    "jazz-trio": (*_players(("piano", "piano", "melody chords"), ("bass", "double bass", "bass")), _DRUMS),
    "jazz-combo": (
        *_players(
            ("saxophone", "tenor saxophone", "melody"), ("piano", "piano", "chords"), ("bass", "double bass", "bass")
        ),
        Player("trumpet", "muted trumpet", doubles="saxophone", octave=0, when="loud"),
        _DRUMS,
    ),
    "rock-band": (
        *_players(
            ("lead guitar", "lead guitar", "melody"), ("guitar", "electric guitar", "chords"), ("bass", "bass guitar", "bass")
        ),
        _DRUMS,
    ),
    "pop-band": (
        *_players(
            ("lead", "saw lead", "melody"), ("keys", "electric piano", "chords"), ("bass", "bass guitar", "bass"),
        ),
        _DRUMS,
    ),
    "lo-fi": (
        *_players(
            ("vibraphone", "vibraphone", "melody"), ("keys", "electric piano", "chords"), ("bass", "synth bass", "bass")
        ),
        _DRUMS,
    ),
    "chiptune": (
        *_players(("lead", "pulse lead", "melody"), ("harmony", "pulse harmony", "inner"), ("bass", "synth bass", "bass")),
        _DRUMS,
    ),
    "orchestra": (
        Player("flute", "flute", doubles="violins 1", octave=1),
        Player("oboe", "oboe", doubles="violins 1", when="soft"),
        Player("clarinet", "clarinet", doubles="violins 2"),
        Player("bassoon", "bassoon", doubles="cellos"),
        Player("horn", "horn", doubles="violas"),
        Player("trumpet", "trumpet", doubles="violins 1", when="loud"),
        Player("trombone", "trombone", doubles="violas", octave=-1, when="loud"),
        *_players(
            ("violins 1", "violins", "melody"), ("violins 2", "violins", "inner"), ("violas", "violas", "inner"),
            ("cellos", "cellos", "bass"),
        ),
        Player("contrabasses", "contrabass", doubles="cellos", octave=-1),
    ),
}  # fmt: skip
"""Ensemble -> its players in score order."""

_ALIASES = {
    "satb": "choir",
    "strings": "string-orchestra",
    "quartet": "string-quartet",
    "lofi": "lo-fi",
    "symphony": "orchestra",
}


def find_ensemble(asked: str | tuple[str, ...]) -> tuple[Player, ...]:
    """The players of an ensemble by name, or of a list of instruments (a tuple, or one text with commas).

    In a list the first monophonic instrument has the melody, the lowest other one the bass; chord instruments have the
    chords and whatever is left. "drums" keeps the drums. An instrument may be named several times.

    Raises:
      BriefError: no such ensemble or instrument, or none at all.
    """
    if isinstance(asked, str) and "," not in asked:
        name = "-".join(asked.lower().replace("_", " ").replace("-", " ").split())
        name = _ALIASES.get(name, name)
        if name in ENSEMBLES:
            return ENSEMBLES[name]
        try:
            return _from_list((asked,))
        except BriefError:
            known = ", ".join(sorted(ENSEMBLES))
            raise BriefError(
                f"There is no ensemble {asked!r}; available: {known}; or name instruments, as in violin,flute,cello."
            ) from None
    return _from_list(tuple(asked.split(",")) if isinstance(asked, str) else asked)


def _instrument(text: str) -> str:
    """Name in INSTRUMENTS of an instrument as a person types it."""
    name = " ".join(text.lower().replace("_", " ").replace("-", " ").split())
    short = {"sax": "alto saxophone", "saxophone": "alto saxophone", "soprano": "soprano voice", "alto": "alto voice",
             "tenor": "tenor voice", "bass": "double bass", "keys": "electric piano", "keyboard": "piano"}  # fmt: skip
    name = short.get(name, name)
    if name in INSTRUMENTS:
        return name
    if is_drum_name(name):
        return "drums"
    program = guess_program(name, -1)
    found = next((known for known, can in INSTRUMENTS.items() if can.program == program), None)
    if found is None:
        raise BriefError(f"There is no instrument {text.strip()!r}; available: {', '.join(INSTRUMENTS)}, drums.")
    return found


def _from_list(names: tuple[str, ...]) -> tuple[Player, ...]:
    instruments = [_instrument(name) for name in names if name.strip()]
    if not instruments:
        raise BriefError("No instrument is named; write for example violin,flute,cello.")
    if len(instruments) > 32:
        raise BriefError(f"{len(instruments)} instruments are named; at most 32 can be arranged for.")
    pitched = [i for i, name in enumerate(instruments) if name != "drums"]
    lines = [i for i in pitched if INSTRUMENTS[instruments[i]].voices == 1]
    chordal = [i for i in pitched if i not in lines]
    duties: dict[int, list[str]] = {i: [] for i in range(len(instruments))}
    for i, name in enumerate(instruments):
        if name == "drums":
            duties[i] = ["drums"]
    lead = next(iter(lines or chordal), None)
    if lead is not None:
        duties[lead].append("melody")
    rest = [i for i in lines if i != lead]
    low = min(rest, key=lambda i: (INSTRUMENTS[instruments[i]].easy_low, i)) if rest else None
    for i in rest:
        duties[i].append("bass" if i == low else "inner")
    for i in chordal:
        duties[i].append("chords")
    if low is None and chordal:
        duties[chordal[-1]].append("bass")
    times = Counter(instruments)
    seen: Counter[str] = Counter()
    players = []
    for i, name in enumerate(instruments):
        seen[name] += 1
        part = f"{name} {seen[name]}" if times[name] > 1 else name
        players.append(Player(part, name, tuple(duties[i])))
    return tuple(players)


def describe(players: tuple[Player, ...]) -> str:
    """The players in one line."""
    return ", ".join(player.name for player in players)


def program_name(player: Player) -> str:
    """General MIDI name of what the player plays."""
    return "drums" if player.is_drum else PROGRAMS[player.can.program]

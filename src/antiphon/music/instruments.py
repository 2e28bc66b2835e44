"""General MIDI: names, families and usual ranges of its 128 programs, its drum keys, and programs guessed from names."""

from __future__ import annotations

import re

PROGRAMS = (
    "acoustic grand piano", "bright acoustic piano", "electric grand piano", "honky-tonk piano",
    "electric piano 1", "electric piano 2", "harpsichord", "clavinet",
    "celesta", "glockenspiel", "music box", "vibraphone", "marimba", "xylophone", "tubular bells", "dulcimer",
    "drawbar organ", "percussive organ", "rock organ", "church organ", "reed organ", "accordion", "harmonica", "bandoneon",
    "nylon guitar", "steel guitar", "jazz guitar", "clean guitar",
    "muted guitar", "overdriven guitar", "distortion guitar", "guitar harmonics",
    "acoustic bass", "fingered bass", "picked bass", "fretless bass",
    "slap bass 1", "slap bass 2", "synth bass 1", "synth bass 2",
    "violin", "viola", "cello", "contrabass", "tremolo strings", "pizzicato strings", "harp", "timpani",
    "string ensemble 1", "string ensemble 2", "synth strings 1", "synth strings 2",
    "choir aahs", "voice oohs", "synth voice", "orchestra hit",
    "trumpet", "trombone", "tuba", "muted trumpet", "french horn", "brass section", "synth brass 1", "synth brass 2",
    "soprano saxophone", "alto saxophone", "tenor saxophone", "baritone saxophone",
    "oboe", "english horn", "bassoon", "clarinet",
    "piccolo", "flute", "recorder", "pan flute", "blown bottle", "shakuhachi", "whistle", "ocarina",
    "square lead", "sawtooth lead", "calliope lead", "chiff lead",
    "charang lead", "voice lead", "fifths lead", "bass and lead",
    "new age pad", "warm pad", "polysynth pad", "choir pad", "bowed pad", "metallic pad", "halo pad", "sweep pad",
    "rain", "soundtrack", "crystal", "atmosphere", "brightness", "goblins", "echoes", "sci-fi",
    "sitar", "banjo", "shamisen", "koto", "kalimba", "bagpipe", "fiddle", "shanai",
    "tinkle bell", "agogo", "steel drums", "woodblock", "taiko drum", "melodic tom", "synth drum", "reverse cymbal",
    "guitar fret noise", "breath noise", "seashore", "bird tweet", "telephone ring", "helicopter", "applause", "gunshot",
)  # fmt: skip
"""Name of each General MIDI program, 0..127."""

FAMILIES = (
    "piano", "chromatic percussion", "organ", "guitar", "bass", "strings", "ensemble", "brass",
    "reed", "pipe", "synth lead", "synth pad", "synth effects", "ethnic", "percussive", "sound effects",
)  # fmt: skip
"""Families of eight programs each, in order."""

DRUM_KEYS = {
    27: "high Q", 28: "slap", 29: "scratch push", 30: "scratch pull", 31: "sticks", 32: "square click",
    33: "metronome click", 34: "metronome bell", 35: "acoustic bass drum", 36: "bass drum", 37: "side stick",
    38: "acoustic snare", 39: "hand clap", 40: "electric snare", 41: "low floor tom", 42: "closed hi-hat",
    43: "high floor tom", 44: "pedal hi-hat", 45: "low tom", 46: "open hi-hat", 47: "low-mid tom", 48: "high-mid tom",
    49: "crash cymbal 1", 50: "high tom", 51: "ride cymbal 1", 52: "chinese cymbal", 53: "ride bell", 54: "tambourine",
    55: "splash cymbal", 56: "cowbell", 57: "crash cymbal 2", 58: "vibraslap", 59: "ride cymbal 2", 60: "high bongo",
    61: "low bongo", 62: "mute high conga", 63: "open high conga", 64: "low conga", 65: "high timbale", 66: "low timbale",
    67: "high agogo", 68: "low agogo", 69: "cabasa", 70: "maracas", 71: "short whistle", 72: "long whistle",
    73: "short guiro", 74: "long guiro", 75: "claves", 76: "high woodblock", 77: "low woodblock", 78: "mute cuica",
    79: "open cuica", 80: "mute triangle", 81: "open triangle", 82: "shaker", 83: "jingle bell", 84: "belltree",
    85: "castanets", 86: "mute surdo", 87: "open surdo",
}  # fmt: skip
"""Drum name by MIDI pitch on the drum channel (General MIDI 35..81, and the General MIDI 2 extensions around it)."""

_FAMILY_RANGES = (
    (21, 108), (48, 96), (36, 96), (40, 88), (28, 67), (28, 100), (36, 96), (34, 84),
    (34, 96), (55, 103), (36, 96), (36, 96), (36, 96), (40, 88), (36, 96), (24, 96),
)  # fmt: skip

_RANGES = {
    6: (29, 89), 7: (28, 88), 8: (60, 108), 9: (79, 108), 10: (60, 96), 11: (53, 89), 12: (45, 96), 13: (65, 108),
    14: (60, 77), 15: (50, 90), 19: (24, 108), 21: (53, 89), 22: (60, 96), 23: (43, 91),
    24: (40, 84), 25: (40, 84), 32: (28, 67), 33: (28, 67), 43: (28, 67),
    40: (55, 103), 41: (48, 91), 42: (36, 81), 45: (36, 100), 46: (24, 103), 47: (40, 57),
    48: (28, 100), 49: (28, 100), 52: (40, 81), 53: (48, 81), 54: (40, 84),
    56: (54, 84), 57: (40, 72), 58: (28, 60), 59: (54, 84), 60: (34, 77), 61: (34, 84),
    64: (56, 88), 65: (49, 81), 66: (44, 76), 67: (36, 69), 68: (58, 91), 69: (52, 81), 70: (34, 75), 71: (50, 94),
    72: (74, 108), 73: (60, 96), 74: (60, 96), 75: (60, 96), 77: (55, 91), 78: (60, 96), 79: (60, 89),
    104: (48, 84), 105: (48, 88), 106: (50, 79), 107: (48, 91), 108: (52, 88), 109: (49, 81), 110: (55, 96), 111: (58, 82),
    114: (52, 89), 116: (24, 60), 117: (36, 72),
}  # fmt: skip


def family(program: int) -> str:
    """Name of the family that a program 0..127 belongs to."""
    return FAMILIES[program // 8]


def usual_range(program: int) -> tuple[int, int]:
    """Lowest and highest sounding MIDI pitch that players of this instrument are commonly asked for."""
    return _RANGES.get(program, _FAMILY_RANGES[program // 8])


# Searched in order, so that the special comes before the general ("english horn" before "horn"). German, French and
# Italian names are those of printed scores.
_CLUES: tuple[tuple[str, int], ...] = (
    (r"electric piano|e-?piano|rhodes|wurli|\bep\b", 4),
    (r"honky", 3),
    (r"harpsichord|cembalo|clavecin|clavicembalo", 6),
    (r"clavinet", 7),
    (r"celest", 8),
    (r"glockenspiel|carillon|\bbells?\b(?!.*tubular)", 9),
    (r"music ?box", 10),
    (r"vibra(phone|harp)|\bvibes?\b", 11),
    (r"marimba", 12),
    (r"xylo", 13),
    (r"tubular|chimes", 14),
    (r"dulcimer|santur|zither|hammered", 15),
    (r"bandoneon|tango accordion", 23),
    (r"accord[ie]on|akkordeon|musette|concertina", 21),
    (r"harmonica|mundharmonika|mouth organ", 22),
    (r"harmonium|reed organ", 20),
    (r"church organ|pipe organ|orgel|orgue|organo", 19),
    (r"hammond|rock organ", 18),
    (r"organ", 16),
    (r"fretless", 35),
    (r"slap bass", 36),
    (r"synth ?bass|bass synth", 38),
    (r"pick(ed)? bass", 34),
    (r"bass (guitar|gtr)|e(lectric|l\.?)?[ -]?bass|fingered bass|bass fingered|basso elettrico", 33),
    (r"distort|heavy guitar|metal guitar|power guitar", 30),
    (r"over ?driven?|lead guitar", 29),
    (r"mut(ed)? guitar|guitar.*mute", 28),
    (r"jazz guitar", 26),
    (r"clean guitar|electric guitar|e-?git|el(ec)?\.? ?g(ui)?ta?r", 27),
    (r"steel guitar|steel.?string|acoustic guitar|western", 25),
    (r"guitar|gitarre|guitare|chitarra|nylon|\bgtr\b|ukulele|mandolin|lute|laute", 24),
    (r"banjo", 105),
    (r"fiddle", 110),
    (r"viola|bratsche|\balto\b(?=.*string)|\bvla\b", 41),
    (r"violoncell|cello|\bvlc\b|\bvc\b", 42),
    (r"double bass|contrabass(?!oon)|kontrabass|contrebasse|string bass|upright|contrabbasso", 43),
    (r"violin|violon|geige|violino|\bvln?\b|\bvn\b", 40),
    (r"pizz", 45),
    (r"harfe|harpe|\bharp\b|\barpa\b", 46),
    (r"timpani|pauken|timbales\b", 47),
    (r"synth ?strings", 50),
    (r"slow strings", 49),
    (r"string", 48),
    (r"muted trumpet", 59),
    (r"trumpet|trompete|trompette|tromba|cornet|flugel|\btpt\b", 56),
    (r"trombone|posaune|\btbn\b", 57),
    (r"tuba|euphonium", 58),
    (r"english horn|cor anglais|englischhorn|corno inglese", 69),
    (r"\bsynth ?brass", 62),
    (r"brass", 61),
    (r"french horn|\bhorns?\b|\bcorn[oi]\b|\bcors?\b|waldhorn", 60),
    (r"soprano sax", 64),
    (r"tenor sax|saxophone tenor", 66),
    (r"bari(tone)? sax", 67),
    (r"sax", 65),
    (r"oboe|hautbois", 68),
    (r"bassoon|fagott|basson|fagotto", 70),
    (r"clarinet|klarinett|clarinett", 71),
    (r"piccolo|ottavino", 72),
    (r"pan ?(flute|pipe)", 75),
    (r"recorder|blockfl", 74),
    (r"fl[uûö]te|flauto|traverso", 73),
    (r"shaku", 77),
    (r"whistle", 78),
    (r"ocarina", 79),
    (r"sitar", 104),
    (r"shamisen", 106),
    (r"koto", 107),
    (r"kalimba", 108),
    (r"bag ?pipe|dudelsack|cornemuse|gaida", 109),
    (r"steel ?(drum|pan)", 114),
    (r"square", 80),
    (r"saw", 81),
    (r"synth ?lead|\blead synth", 81),
    (r"choir pad", 91),
    (r"warm|\bpad\b", 89),
    (r"synth|keyboard", 90),
    (r"\boohs?\b", 53),
    (r"choir|chor\b|chorus|\baahs?\b|soprano|mezzo|\balto\b|contralto|tenor|bariton|voice|vocal|singer|satb|coro|cantus", 52),
    (r"\bbass(o|e)?\b.*\b(voice|vocal|choir)|^basso$|^b\.$", 52),
    (r"acoustic bass|bass|\bbasso\b", 32),
    (r"piano|klavier|pianoforte|keyboard|\bpno\b|\bklav", 0),
)
_COMPILED = tuple((re.compile(pattern), program) for pattern, program in _CLUES)
_DRUMS = re.compile(
    r"drum(?!.*steel)|percussion|\bperc\b|schlagzeug|batteri[ea]|snare|cymbal|hi-?hat|\bkit\b|bongo|conga|tambourine|caxixi|tom-?tom"
)


def is_drum_name(name: str) -> bool:
    """Whether a part of this name is most likely unpitched percussion."""
    text = name.lower()
    return bool(_DRUMS.search(text)) and not re.search(r"steel ?drum|taiko|melodic tom", text)


def guess_program(name: str, default: int = 0) -> int:
    """General MIDI program that fits a track's or an instrument's name ("Violin I", "Klarinette in B", "E-Bass").

    An exact name from PROGRAMS wins; then the first clue found in the name; then `default`.
    """
    text = " ".join(name.lower().replace("_", " ").split())
    if text in PROGRAMS:
        return PROGRAMS.index(text)
    return next((program for pattern, program in _COMPILED if pattern.search(text)), default)

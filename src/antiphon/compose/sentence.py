"""A plain sentence read as a brief: rules find what they know, and every word left over is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from antiphon.compose import sentence_words as words
from antiphon.errors import BriefError
from antiphon.music.harmony import parse_chord

MAX_LENGTH = 2000

_NOTE = r"[A-G](?:#|b|♯|♭)?"
_CHORD = (
    rf"{_NOTE}(?:maj|min|mi|m|M|dim|aug|sus|add|ø|°|\+|Δ)?(?:\d{{1,2}})?(?:sus[24]|b5|#5|maj7|add9|\(maj7\))?(?:/{_NOTE})?"
    r"(?![\w#♯♭])"
)
_ROMAN = r"(?:b|#|♭|♯)?(?:VII|VI|IV|V|III|II|I|vii|vi|iv|v|iii|ii|i)(?:maj|o|°|ø|\+|sus)?\d{0,2}(?:/[ivIV]+)?(?!\w)"
_BETWEEN = r"\s*(?:\||,|-|–|\s)\s*"
_PLACE = r"(?:the\s+)?(intro(?:duction)?|outro|ending|coda|bars?\s+\d+(?:\s*(?:-|–|to)\s*\d+)?|(?:section|phrase|part)\s+[A-Z])"
_END = r"\s+(?:at|toward|towards|near|in)\s+the\s+(?:very\s+)?end"


@dataclass(slots=True)
class Sentence:
    """What a sentence says.

    Attributes:
      wishes: the fields of a brief document (see compose.schema.BRIEF).
      unknown: words that no rule knows, in order.
      remarks: one sentence for each thing that was understood otherwise than a reader may expect.
    """

    wishes: dict[str, Any] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    remarks: list[str] = field(default_factory=list)


class _Reader:
    """The text, of which every rule takes away what it has understood."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.said = Sentence()

    def wish(self, name: str, value: Any) -> None:
        """Note a wish; of several the first stands, and the others are named."""
        wishes = self.said.wishes
        if isinstance(value, dict) and isinstance(wishes.get(name), dict):
            wishes[name] |= {role: v for role, v in value.items() if role not in wishes[name]}
        elif isinstance(value, list) and name in ("silences", "instruments") and isinstance(wishes.get(name), list):
            wishes[name] += [item for item in value if item not in wishes[name]]
        elif name not in wishes:
            wishes[name] = value
        elif wishes[name] != value:
            self.said.remarks.append(f"Of two wishes for {name}, the first is taken: {wishes[name]}, not {value}.")

    def take(self, pattern: str, act: Callable[[re.Match[str]], bool | None], flags: int = re.IGNORECASE) -> None:
        """Give every match to `act`, and take it out of the text unless `act` returns False."""

        def swap(match: re.Match[str]) -> str:
            return match[0] if act(match) is False else " ; "

        self.text = re.sub(pattern, swap, self.text, flags=flags)

    def take_words(self, table: Mapping[str, Any], act: Callable[[Any, re.Match[str]], bool | None]) -> None:
        """Words of a table, the longer first."""
        names = "|".join(re.escape(name).replace(r"\ ", r"\s+") for name in sorted(table, key=len, reverse=True))
        self.take(
            rf"(?<![\w-])({names})(?![\w-])",
            lambda m: act(table[" ".join(m[1].lower().split())], m),
        )


def read_sentence(text: str) -> Sentence:
    """The wishes in a sentence of English (or common Chinese words), by rules; what they do not know is named.

    Raises:
      BriefError: the text is too long, or nothing in it is understood.
    """
    if len(text) > MAX_LENGTH:
        raise BriefError(f"A sentence of wishes has at most {MAX_LENGTH} characters; put a long brief into a file.")
    reader = _Reader(_plain(text))
    for rule in (_chords, _form, _rests, _key, _meter, _parts, _length, _curves, _tempo, _numbers, _sounds, _moods):
        rule(reader)
    left = re.findall(r"[^\W_]+(?:['’#/-][^\W_]+)*", reader.text)
    said = reader.said
    band = said.wishes.get("style") == "band" or "drums" in said.wishes.get("instruments", ())
    known = words.STOP_WORDS.union(words.BAND_WORDS) if band else words.STOP_WORDS
    said.unknown = tuple(dict.fromkeys(word for word in left if word.lower() not in known))
    if not said.wishes and said.unknown:
        raise BriefError(
            f"Nothing in {_shortened(text)!r} is understood; write for example "
            "'calm piano in A minor, 3/4, 90 bpm, 45 seconds, builds up at the end'."
        )
    return said


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _plain(text: str) -> str:
    """The text with Chinese words and number words replaced."""
    if not text.isascii():
        for found in sorted(words.CHINESE, key=len, reverse=True):
            text = text.replace(found, f" {words.CHINESE[found]} ")
        text = re.sub(r"(flat|sharp)-\s+([A-G])", lambda m: f"{m[2]}{'b' if m[1] == 'flat' else '#'}", text)
    names = "|".join(sorted(words.NUMBERS, key=len, reverse=True))
    text = re.sub(
        rf"\b({names})(?=[\s-]+(?:bars?|measures?|seconds?|minutes?|takes?|sharps?)\b)",
        lambda m: str(words.NUMBERS[m[1].lower()]),
        text,
        flags=re.IGNORECASE,
    )
    return f" {text} "


def _chords(r: _Reader) -> None:
    """A run of chord symbols or numerals, with or without the word "chords" before it."""

    def act(match: re.Match[str]) -> bool | None:
        run = re.sub(r"\s*[,–-]\s*", " ", match[1]).strip() if "|" not in match[1] else match[1].strip()
        try:
            for symbol in re.sub(r"[|,]", " ", run).split():
                if symbol[0] in "ABCDEFG":
                    parse_chord(symbol)
        except BriefError:
            return False
        r.wish("chords", run)
        return None

    for symbol in (_CHORD, _ROMAN):
        any_symbol = rf"(?:{symbol}|N\.C\.)"
        lead = r"(?:(?:the\s+)?(?:chords?|progression|changes|harmony)(?:\s+progression)?(?:\s+(?:of|are|is))?\s*:?\s+|over\s+)"
        r.take(rf"(?<![\w#|]){lead}({any_symbol}(?:{_BETWEEN}{any_symbol})*)(?!\s+(?:minor|major))", act, 0)
        r.take(rf"(?<![\w#|])({symbol}(?:{_BETWEEN}{any_symbol})+)(?!\s*(?:minor|major))", act, 0)


def _form(r: _Reader) -> None:
    r.take(r"\bform\s*:?\s+((?:[A-Za-z]\d*){2,})\b", lambda m: _form_wish(r, m[1]), 0)
    r.take(r"\b((?:[A-Za-z]\d+){2,})(?:\s+form)?\b(?!/)", lambda m: _form_wish(r, m[1]), 0)
    r.take(r"\b(A[A-E]{1,15})\s+form\b|\b(A[A-E]{2,15})\b", lambda m: _form_wish(r, m[1] or m[2]), 0)
    r.take_words(words.FORM_WORDS, lambda form, _: r.wish("form", form))
    for names, wish in (("intro(?:duction)?", "intro"), ("outro|ending|coda", "outro")):
        r.take(rf"\b(\d{{1,3}})[\s-]+bars?[\s-]+(?:of\s+)?(?:{names})\b", lambda m, w=wish: r.wish(w, int(m[1])))  # type: ignore[misc]
        r.take(rf"\b(?:no|without(?:\s+an?)?)\s+(?:{names})\b", lambda m, w=wish: r.wish(w, 0))  # type: ignore[misc]
        r.take(rf"\b(?:with\s+)(?:an?\s+)?(?:{names})\b(?!\s+of)", lambda m, w=wish: r.wish(w, 4))  # type: ignore[misc]


def _form_wish(r: _Reader, text: str) -> bool | None:
    if all(c.isupper() for c in text) and len(set(text)) == 1 and len(text) < 3:
        return False
    r.wish("form", text)
    return None


def _rests(r: _Reader) -> None:
    r.take(
        rf"\b(?:no|without)\s+(?:the\s+)?([a-z]+(?:\s+(?:drums|guitar|piano|sax))?)\s+(?:in|during)\s+{_PLACE}",
        lambda m: r.wish("silences", [f"{m[1].lower()} in {m[2]}"]),
    )
    r.take(
        r"\b(?:no|without)\s+(?:the\s+|any\s+)?(drums|percussion|melody|piano|bass|chords|bridge)\b",
        lambda m: r.wish("silences", [f"{'drums' if m[1].lower() == 'percussion' else m[1].lower()} throughout"]),
    )


def _key(r: _Reader) -> None:
    note = r"([A-Ga-g])(?:\s*(#|♯|b|♭)|[\s-]+(sharp|flat))?"
    signs = {"#": "#", "♯": "#", "b": "b", "♭": "b", "sharp": "#", "flat": "b", None: ""}

    def named(m: re.Match[str]) -> None:
        sign = signs[m[2] or (m[3].lower() if m[3] else None)]
        r.wish("key", f"{m[1].upper()}{sign} {'minor' if m[4].lower().startswith('min') or m[4] == 'm' else 'major'}")

    r.take(
        r"\bin\s+(?:an?|the)\s+(minor|major)\s+(?:key|mode)\b|\b(minor|major)\s+(?:key|mode)\b",
        lambda m: r.wish("valence", 0.25 if (m[1] or m[2]).lower() == "minor" else 0.75),
    )
    r.take(r"\b(strictly|strict(?:\s+key)?)\b", lambda m: r.wish("strict", True))
    key_of = r"(?:\b(?:in|key)\s+)?(?:\b(?:the\s+)?key\s+of\s+)?"
    r.take(rf"{key_of}\b{note}[\s-]*(minor|major|min\b|maj\b)", named)
    r.take(rf"\b(?:in|of)\s+{note}(m)?(?![\w#♯♭'’])", lambda m: _bare_key(r, m), 0)


def _bare_key(r: _Reader, m: re.Match[str]) -> bool | None:
    if not m[1].isupper():
        return False
    sign = {"sharp": "#", "flat": "b", "♯": "#", "♭": "b"}.get(m[2] or m[3] or "", m[2] or "")
    r.wish("key", f"{m[1]}{sign} {'minor' if m[4] else 'major'}")
    return None


def _meter(r: _Reader) -> None:
    r.take(r"(?<![\d/.])(\d{1,2})\s*/\s*(\d{1,2})(?![\d/])(?:\s+time)?", lambda m: r.wish("meter", f"{m[1]}/{m[2]}"))
    r.take(r"\b(?:in\s+)?(?:waltz|triple)\s+time\b", lambda m: r.wish("meter", "3/4"))
    r.take(r"\bcommon\s+time\b", lambda m: r.wish("meter", "4/4"))


def _parts(r: _Reader) -> None:
    """Wishes for single roles: ranges, polyphony, densities, instruments."""
    roles = "|".join(words.ROLE_WORDS)
    pitch = r"([A-Ga-g][#b♯♭]?-?\d)"
    r.take(
        rf"\b({roles})\s+(?:between|from|in\s+the\s+range)\s+{pitch}\s*(?:and|to|-|–)\s*{pitch}(?!\w)",
        lambda m: r.wish("ranges", {m[1].lower(): f"{m[2]}-{m[3]}"}),
    )
    r.take(rf"\bmonophonic\s+({roles})\b", lambda m: r.wish("polyphony", {m[1].lower(): 1}))
    r.take(
        rf"\b({roles})\s+(?:with|in)\s+(?:at\s+most\s+)?(\d{{1,2}})\s+(?:voices|notes)(?:\s+at\s+once)?\b",
        lambda m: r.wish("polyphony", {m[1].lower(): int(m[2])}),
    )
    r.take(r"\btracks?\s*[:=]?\s+([a-z]+(?:\s*,\s*[a-z]+|\s+and\s+[a-z]+)*)", lambda m: _tracks(r, m[1]))
    names = "|".join(re.escape(n).replace(r"\ ", r"\s+") for n in sorted(words.INSTRUMENT_WORDS, key=len, reverse=True))
    r.take(
        rf"\b({roles})\s+(?:on|played\s+(?:by|on))\s+(?:an?\s+|the\s+)?({names})(?![\w-])",
        lambda m: r.wish("instruments", [f"{m[1].lower()}={words.INSTRUMENT_WORDS[' '.join(m[2].lower().split())]}"]),
    )
    r.take(
        rf"(?<![\w-])({names})\s+(melody|bass)\b",
        lambda m: r.wish("instruments", [f"{m[2].lower()}={words.INSTRUMENT_WORDS[' '.join(m[1].lower().split())]}"]),
    )


def _tracks(r: _Reader, text: str) -> bool | None:
    names = [name for name in re.split(r"\s*,\s*|\s+and\s+", text.lower()) if name]
    if not all(name in (*words.ROLE_WORDS, *words.BAND_WORDS) for name in names):
        return False
    r.wish("tracks", list(dict.fromkeys(names)))
    return None


def _length(r: _Reader) -> None:
    def seconds(minutes: str | None, rest: str | None, half: bool = False) -> None:
        r.wish("seconds", round(60 * float(minutes or 0) + float(rest or 0) + 30 * half, 3))

    number = r"(\d{1,6}(?:\.\d{1,6})?)"
    r.take(r"\b(\d{1,3}):([0-5]\d)\b(?:\s*(?:minutes?|min))?", lambda m: seconds(m[1], m[2]))
    r.take(rf"\b{number}\s*-?and\s+a\s+half\s*-?minutes?\b", lambda m: seconds(m[1], None, True))
    r.take(r"\b(?:a|1)\s+minute\s+and\s+a\s+half\b", lambda m: seconds("1", None, True))
    r.take(r"\bhalf\s+a\s+minute\b", lambda m: seconds(None, "30"))
    tail = rf"(?:\s*(?:and\s+)?{number}\s*(?:seconds?|secs?|s)\b)?"
    r.take(rf"\b{number}[\s-]*(?:minutes?|mins?|m)\b{tail}", lambda m: seconds(m[1], m[2]))
    r.take(r"\ba\s+minute(?:\s+long)?\b", lambda m: seconds("1", None))
    r.take(rf"\b{number}[\s-]*(?:seconds?|secs?|s)\b", lambda m: seconds(None, m[1]))
    r.take(r"\b(\d{1,6})[\s-]*(?:bars?|measures?)\b", lambda m: r.wish("bars", int(m[1])))


def _curves(r: _Reader) -> None:
    rises = r"(?:builds?(?:\s+up)?|building(?:\s+up)?|grows?|growing|crescendo|(?:gets?|getting|growing)\s+louder|swells?)"
    falls = (
        r"(?:fades?(?:\s+(?:out|away))?|dies?\s+away|calms?\s+down|(?:de|di)minuendo|decrescendo"
        r"|(?:gets?|getting)\s+(?:softer|quieter))"
    )
    arch = r"(?:arch(?:ed)?(?:\s+shape)?|rises?\s+and\s+falls?|climax(?:es)?\s+in\s+the\s+middle|swells?\s+and\s+subsides?)"
    dials = r"(energy|density|valence|arousal)"
    values = r"\s*(?:of|at|=|:)?\s*([01]?\.?\d+(?:\s*(?:,|to|then|-|–|→|\s)\s*[01]?\.\d+|\s*(?:to|then|→)\s*[01])*)(?![\d/])"
    r.take(rf"\b{dials}{values}", lambda m: r.wish(m[1].lower(), [float(v) for v in re.findall(r"\d*\.?\d+", m[2])]))
    r.take(rf"\b{arch}(?!\w)", lambda m: r.wish("energy", [0.3, 0.9, 0.3]))
    r.take(
        r"\b(?:starts?|begins?)\s+(quiet|soft|loud)(?:ly)?(?:\s*,?\s*(?:and|then))?\s+ends?\s+(quiet|soft|loud)(?:ly)?\b",
        lambda m: r.wish("energy", [0.85 if word.lower() == "loud" else 0.25 for word in m.groups()]),
    )
    r.take(rf"\b{rises}{_END}\b", lambda m: r.wish("energy", [0.35, 0.38, 0.5, 0.9]))
    r.take(rf"\b{falls}{_END}\b", lambda m: r.wish("energy", [0.6, 0.6, 0.5, 0.2]))
    r.take(rf"\b{rises}\b", lambda m: r.wish("energy", [0.3, 0.9]))
    r.take(rf"\b{falls}\b", lambda m: r.wish("energy", [0.75, 0.2]))
    r.take(r"\bgets?\s+(?:busier|denser)\b", lambda m: r.wish("density", [0.3, 0.75]))
    r.take(r"\bgets?\s+sparser\b", lambda m: r.wish("density", [0.7, 0.25]))
    r.take_words(words.ENERGY_WORDS, lambda value, _: r.wish("energy", value))
    r.take_words(words.DENSITY_WORDS, lambda value, _: r.wish("density", value))


def _tempo(r: _Reader) -> None:
    number = r"(\d{1,5}(?:\.\d{1,3})?)"
    r.take(
        rf"\b(?:at\s+|tempo\s+(?:of\s+)?)?{number}\s*-?(?:bpm|beats\s+(?:per|a)\s+minute)\b",
        lambda m: r.wish("tempo", float(m[1])),
    )
    r.take(rf"(?:\b(?:at\s+)?tempo\s*(?:of\s+|[:=]\s*)?|[♩♪]\s*=\s*){number}(?![\d/])", lambda m: r.wish("tempo", float(m[1])))
    r.take_words(words.TEMPO_WORDS, lambda value, _: r.wish("tempo", value))


def _numbers(r: _Reader) -> None:
    r.take(r"\bseed\s*[:=]?\s*(\d{1,12})\b", lambda m: r.wish("seed", int(m[1])))
    r.take(r"\b(\d{1,4})\s+takes?\b|\btakes?\s*[:=]\s*(\d{1,4})\b", lambda m: r.wish("takes", int(m[1] or m[2])))
    r.take(r"\btemperature\s*(?:of\s+|[:=]\s*)?(\d{1,2}(?:\.\d{1,4})?)\b", lambda m: r.wish("temperature", float(m[1])))
    r.take(r"\btop[- ]?k\s*(?:of\s+|[:=]\s*)?(\d{1,4})\b", lambda m: r.wish("top_k", int(m[1])))
    r.take(
        r"\brepetition\s+penalty\s*(?:of\s+|[:=]\s*)?(\d{1,3}(?:\.\d{1,4})?)\b",
        lambda m: r.wish("repetition_penalty", float(m[1])),
    )
    r.take_words(words.TEMPERATURE_WORDS, lambda value, _: r.wish("temperature", value))


def _sounds(r: _Reader) -> None:
    """Instruments, and kinds of music with what they bring along."""

    plural = {f"{name}s": known for name, known in words.INSTRUMENT_WORDS.items() if not name.endswith("s")}
    r.take_words(plural | words.INSTRUMENT_WORDS, lambda name, _: r.wish("instruments", [name]))

    def kind(brings: Any, _: re.Match[str]) -> None:
        for name, value in brings.items():
            if name == "style" or name not in r.said.wishes:
                r.wish(name, value)

    plural_styles = {f"{name}s": brings for name, brings in words.STYLE_WORDS.items()}
    r.take_words(plural_styles | words.STYLE_WORDS, kind)


def _moods(r: _Reader) -> None:
    dialled = {"valence", "arousal"} & r.said.wishes.keys()

    def feels(name: Any, match: re.Match[str]) -> bool | None:
        if dialled:
            if dialled == {"valence"} and r.said.wishes["valence"] in (0.25, 0.75):
                arousal = {"calm": 0.2, "gentle": 0.25, "dreamy": 0.3, "energetic": 0.9, "tense": 0.8}.get(name)
                if arousal is not None:
                    r.wish("arousal", arousal)
                    return None
            return False
        r.wish("mood", name)
        return None

    r.take_words(words.MOOD_WORDS, feels)

"""What the composing worker does: every verb that a model is needed for, each take sent as soon as it is there."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from antiphon.compose.answer import Answer
from antiphon.compose.answer_manifest import answer_manifest
from antiphon.compose.brief import DEFAULT_STYLE, new_seed
from antiphon.compose.compose import Composition
from antiphon.compose.compose import compose as write_piece
from antiphon.compose.critique import Verdict
from antiphon.compose.document import document
from antiphon.compose.drawings import Choosing, drawings_of
from antiphon.compose.manifest import describe
from antiphon.compose.manifest import manifest as whole_manifest
from antiphon.compose.styles import usual_style
from antiphon.compose.tasks.accompany import accompany
from antiphon.compose.tasks.continuing import continue_
from antiphon.compose.tasks.harmonize import harmonize
from antiphon.compose.tasks.infill import infill
from antiphon.compose.tasks.restyle import restyle
from antiphon.compose.tasks.vary import vary
from antiphon.compose.wishes import Wish, check
from antiphon.generate import load
from antiphon.generate.request import Description, Generator
from antiphon.music.score import Score
from antiphon.studio.locks import Lock, keep_locked
from antiphon.studio.scorejson import pack, packed_json, unpack
from antiphon.studio.taste import ranked, verdict_json
from antiphon.studio.understood import understand
from antiphon.studio.worker import Tell, Verb
from antiphon.studio.writers import Remembering, Writers, suiting

WRITERS = Writers()
TAKES = 3


def warm(args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Load the usual model."""
    if DEFAULT_STYLE in load.available():
        WRITERS.get(DEFAULT_STYLE, Path())
    return {}


@dataclass(frozen=True, slots=True)
class Source:
    """What a verb works on, as the server sends it.

    Attributes:
      score: the piece; locks: what of it may not change; style: by which it was written, where that is known.
    """

    score: Score
    locks: tuple[Lock, ...]
    style: str | None

    @classmethod
    def of(cls, args: Mapping[str, Any]) -> Source:
        """The source among a call's arguments."""
        locks = tuple(Lock(k["first"], k["last"], None if k["tracks"] is None else tuple(k["tracks"])) for k in args["locks"])
        model = (args.get("manifest") or {}).get("model") or {}
        return cls(unpack(base64.b64decode(args["score"])), locks, model.get("style"))


def teller(tell: Tell) -> Callable[[str], None]:
    """What composing functions tell their progress to."""
    return lambda words: tell({"kind": "progress", "message": words, "fraction": None})


def compose(args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """A new piece: the first take is sent alone, so that something can be heard, then the others and the verdicts."""
    understood = understand(args["brief"])
    brief = understood.brief
    said = [*understood.remarks]
    if understood.unclear:
        said.append(f"Not understood: {', '.join(understood.unclear)}.")
    inner = WRITERS.get(brief.model or brief.style or usual_style(brief), Path(args["styles"]))
    generator = Remembering(Choosing(inner, drawings_of(brief)))
    style = generator.description.style
    brief = replace(brief, model=None, style=style)
    piece = write_piece(replace(brief, takes=1), generator, teller(tell))
    _send_compositions(piece, said, tell, range(1))
    if brief.takes > 1:
        piece = write_piece(brief, generator, teller(tell))
        _send_compositions(piece, said, tell, range(1, brief.takes))
    order = ranked(piece.takes, piece.verdicts, args.get("critic"))
    updates = [
        {"index": i, "verdict": verdict_json(v, order.places[i], order.preferences[i]), "chosen": i == order.best}
        for i, v in enumerate(order.verdicts)
    ]
    return {"chosen": order.best, "updates": updates, "result": None}


def _send_compositions(piece: Composition, said: Sequence[str], tell: Tell, which: range) -> None:
    for i in which:
        score = piece.takes[i]
        wishes = check(piece.brief, piece.plan, score)
        notes = [*said, *piece.plan.decisions, *piece.notes]
        asked = document(piece.brief)
        story = _Story("compose", asked, notes, wishes, piece.model, piece.seed, piece.verdicts[i])
        whole = {**whole_manifest(replace(piece, chosen=i, score=score, wishes=tuple(wishes))), "notes": notes}
        send_take(tell, i, score, story, whole)


@dataclass(frozen=True, slots=True)
class _Story:
    """How a take came to be."""

    task: str
    asked: Mapping[str, object]
    notes: Sequence[str]
    wishes: Sequence[Wish]
    model: Description | None
    seed: int | None
    verdict: Verdict | None


def send_take(tell: Tell, index: int, score: Score, story: _Story, whole: Mapping[str, Any]) -> None:
    """Send a take to the server, with a manifest that tells how it came to be.

    Args:
      whole: what the composer's manifest says of the piece and all takes; the take's own facts replace the chosen one's.
    """
    wishes = [{"name": w.name, "asked": w.asked, "measured": w.measured, "kept": w.kept, "why": w.why} for w in story.wishes]
    verdict = None if story.verdict is None else verdict_json(story.verdict, None, None)
    manifest = {**whole, "task": story.task, "take": index, "wishes": wishes, "critic": verdict, "piece": describe(score)}
    tell(
        {
            "kind": "take",
            "index": index,
            "packed": packed_json(pack(score)),
            "said": list(story.notes),
            "wishes": wishes,
            "verdict": verdict,
            "seed": story.seed,
            "model": None if story.model is None else story.model.name,
            "manifest": manifest,
        }
    )


def _writer(args: Mapping[str, Any], source: Source, style: str | None = None) -> Generator:
    """Who writes: as asked, else in the style of the source, else in the one that suits it."""
    name = args.get("model") or style or args.get("style") or source.style
    if name is None:
        return WRITERS.get(suiting(source.score), Path(args["styles"]))
    return WRITERS.get(name, Path(args["styles"]))


def _one_by_one(
    write: Callable[[Generator, int, int], Answer], writer: Generator, source: Source, args: Mapping[str, Any], tell: Tell
) -> dict[str, Any]:
    """Write the first take alone and send it, then the others; take i is the same piece however many are written.

    Args:
      write: does the task with a generator, a number of takes and a seed.
    """
    seed = new_seed() if args.get("seed") is None else args["seed"]
    takes, sent = args.get("takes", TAKES), 0
    if writer.description.infills:  # a translator writes one take, and by another way
        writer = Remembering(writer)
        if takes > 1:
            first = write(writer, 1, seed)
            _send_takes(first, source, tell, range(len(first.takes)))
            sent = len(first.takes)
    answer = write(writer, takes, seed)
    _send_takes(answer, source, tell, range(sent, len(answer.takes)))
    return _told(answer, args)


def _send_takes(answer: Answer, source: Source, tell: Tell, which: range) -> None:
    """Send takes of an answer, locked bars put back."""
    for i in which:
        kept, changed = keep_locked(source.score, answer.takes[i], source.locks)
        notes = [*answer.notes, *(["Locked bars were put back as they were."] if changed else [])]
        verdict = answer.verdicts[i] if i < len(answer.verdicts) else None
        story = _Story(answer.task, answer.asked, notes, answer.wishes, answer.model, answer.seed, verdict)
        send_take(tell, i, kept, story, answer_manifest(answer) | {"notes": notes})


def _told(answer: Answer, args: Mapping[str, Any]) -> dict[str, Any]:
    """The verdicts on all takes of an answer, and which is best."""
    order = ranked(answer.takes, answer.verdicts, args.get("critic"))
    updates = [
        {"index": i, "verdict": verdict_json(v, order.places[i], order.preferences[i]), "chosen": i == order.best}
        for i, v in enumerate(order.verdicts)
    ]
    return {"chosen": order.best, "updates": updates, "result": None}


def _free_tracks(source: Source, bars: tuple[int, int], tracks: Sequence[str] | None) -> tuple[str, ...] | None:
    """The tracks asked for, without those that are locked in all of these bars: nothing need be written there."""
    held = {
        t.name
        for t in source.score.tracks
        if all(any(k.holds(t.name) and k.first <= bar <= k.last for k in source.locks) for bar in range(bars[0], bars[1] + 1))
    }
    if not held:
        return None if tracks is None else tuple(tracks)
    wanted = [t.name for t in source.score.tracks] if tracks is None else list(tracks)
    left = tuple(name for name in wanted if name not in held)
    return left or tuple(wanted)


def do_infill(args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Bars written anew."""
    source, bars = Source.of(args), (args["bars"][0], args["bars"][1])
    tracks = _free_tracks(source, bars, args.get("tracks"))

    def write(writer: Generator, takes: int, seed: int) -> Answer:
        return infill(
            source.score, bars=bars, tracks=tracks, chords=args.get("chords"), takes=takes, seed=seed,
            temperature=args.get("temperature"),
            top_k=args.get("top_k"), repetition_penalty=args.get("repetition_penalty"), generator=writer, progress=teller(tell),
        )  # fmt: skip

    return _one_by_one(write, _writer(args, source), source, args, tell)


def do_continue(args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Bars added after the end."""
    source = Source.of(args)

    def write(writer: Generator, takes: int, seed: int) -> Answer:
        return continue_(
            source.score, bars=args["bars"], takes=takes, seed=seed, temperature=args.get("temperature"),
            top_k=args.get("top_k"), repetition_penalty=args.get("repetition_penalty"), generator=writer, progress=teller(tell),
        )  # fmt: skip

    return _one_by_one(write, _writer(args, source), source, args, tell)


def do_vary(args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """A variation."""
    source, bars = Source.of(args), args.get("bars")

    def write(writer: Generator, takes: int, seed: int) -> Answer:
        return vary(
            source.score, amount=args["amount"], bars=None if bars is None else (bars[0], bars[1]),
            tracks=None if args.get("tracks") is None else tuple(args["tracks"]), takes=takes, seed=seed,
            temperature=args.get("temperature"),
            top_k=args.get("top_k"), repetition_penalty=args.get("repetition_penalty"), generator=writer, progress=teller(tell),
        )  # fmt: skip

    return _one_by_one(write, _writer(args, source), source, args, tell)


def do_harmonize(args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Voices under a melody."""
    source = Source.of(args)

    def write(writer: Generator, takes: int, seed: int) -> Answer:
        return harmonize(
            source.score, style=writer.description.style, takes=takes, seed=seed, temperature=args.get("temperature"),
            top_k=args.get("top_k"), repetition_penalty=args.get("repetition_penalty"), generator=writer, progress=teller(tell),
        )  # fmt: skip

    return _one_by_one(write, _writer(args, source, args.get("style") or "chorale"), source, args, tell)


def do_accompany(args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Parts added; where no style is named, by the model or the rules that suit them, all takes at once."""
    source = Source.of(args)

    def write(writer: Generator | None, takes: int, seed: int | None) -> Answer:
        return accompany(
            source.score, add=tuple(args["add"]), takes=takes, seed=seed, temperature=args.get("temperature"),
            top_k=args.get("top_k"), repetition_penalty=args.get("repetition_penalty"), generator=writer, progress=teller(tell),
        )  # fmt: skip

    if args.get("model") or args.get("style"):
        return _one_by_one(write, _writer(args, source), source, args, tell)
    answer = write(None, args.get("takes", TAKES), args.get("seed"))
    _send_takes(answer, source, tell, range(len(answer.takes)))
    return _told(answer, args)


def do_restyle(args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """The melody and its harmony in another style."""
    source = Source.of(args)

    def write(writer: Generator, takes: int, seed: int) -> Answer:
        return restyle(
            source.score, style=writer.description.style, takes=takes, seed=seed, temperature=args.get("temperature"),
            top_k=args.get("top_k"), repetition_penalty=args.get("repetition_penalty"), generator=writer, progress=teller(tell),
        )  # fmt: skip

    return _one_by_one(write, _writer(args, source, args["style"]), source, args, tell)


VERBS: dict[str, Verb] = {
    "warm": warm,
    "compose": compose,
    "infill": do_infill,
    "continue": do_continue,
    "vary": do_vary,
    "harmonize": do_harmonize,
    "accompany": do_accompany,
    "restyle": do_restyle,
}

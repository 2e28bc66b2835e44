"""What the tools worker does: all that needs no model to be loaded - plans, files, exports, verdicts, explanations."""

from __future__ import annotations

import base64
import importlib.util
import math
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from antiphon.compose.arrange import arrange
from antiphon.compose.brief import DEFAULT_STYLE, DEFAULT_TAKES, MOODS
from antiphon.compose.critique import Verdict, faults
from antiphon.compose.critique_bars import weakest_bar
from antiphon.compose.document import document
from antiphon.compose.ensembles import ENSEMBLES
from antiphon.compose.explain import explain
from antiphon.compose.explain_text import text
from antiphon.compose.humanize import humanize
from antiphon.compose.manifest import describe
from antiphon.compose.plan import explicit
from antiphon.compose.plan import plan as decide
from antiphon.compose.styles import usual_style
from antiphon.errors import InputError, SnapshotError
from antiphon.generate import load
from antiphon.generate.request import Description
from antiphon.io import files
from antiphon.music.harmony import Key
from antiphon.music.instruments import PROGRAMS
from antiphon.music.score import Score
from antiphon.music.tonality import find_key
from antiphon.render.picture import save_picture
from antiphon.studio.bundle import export, musescore
from antiphon.studio.locks import Lock, keep_locked
from antiphon.studio.phrases import phrases
from antiphon.studio.scorejson import pack, packed_json, unpack
from antiphon.studio.taste import learn, ranked, verdict_json
from antiphon.studio.understood import understand
from antiphon.studio.worker import Tell, Verb
from antiphon.studio.writers import Writers, places

WRITERS = Writers()
TRAINING = ("torch", "onnx", "onnxscript")


def options(args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """What can be asked for in this installation."""
    own = places(Path(args["styles"]))
    folder = Path(args["styles"])
    styles = [_style(name, WRITERS.get(name, folder).description, False) for name in load.available()]
    for name in own:
        try:
            styles.append(_style(name, WRITERS.get(name, folder).description, True))
        except SnapshotError as error:
            print(f"antiphon studio: the style {name!r} is left out: {error}", file=sys.stderr)
    styles.sort(key=lambda style: style["name"] != DEFAULT_STYLE)
    missing = [name for name in TRAINING if importlib.util.find_spec(name) is None]
    verbs = (
        "compose",
        "infill",
        "continue",
        "vary",
        "harmonize",
        "accompany",
        "restyle",
        "humanize",
        "arrange",
        "explain",
        "export",
    )
    reasons = {}
    if missing:
        reasons["train"] = "Learning a style needs the training extra: pip install 'antiphon[train]'."
    return {
        "styles": styles,
        "moods": list(MOODS),
        "keys": [str(Key(tonic, minor)) for minor in (False, True) for tonic in range(12)],
        "meters": sorted({meter for style in styles for meter in style["meters"]}),
        "ensembles": list(ENSEMBLES),
        "audio": ["wav", "flac", "ogg", "mp3"],
        "defaults": {"style": DEFAULT_STYLE, "bars": 16, "takes": DEFAULT_TAKES},
        "limits": {
            "bars": max([style["max_bars"] for style in styles], default=0),
            "takes": 16,
            "upload_bytes": 64 * 2**20,
            "readable": [*files.READABLE, ".zip"],
        },
        "verbs": {**dict.fromkeys(verbs, True), "train": not missing},
        "reasons": reasons,
        "phrases": phrases(reasons.values()),
        "pdf": musescore() is not None,
        "instruments": list(PROGRAMS),
    }


def _style(name: str, model: Description, mine: bool) -> dict[str, Any]:
    return {
        "name": name,
        "model": model.name,
        "title": name,
        "tracks": list(model.roles),
        "meters": [f"{n}/{d}" for n, d in model.meters],
        "max_bars": model.max_bars,
        "infills": model.infills,
        "mine": mine,
    }


def plan(args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """What would be composed, everything decided that can be; nothing is written."""
    understood = understand(args["brief"])
    brief = understood.brief
    model = WRITERS.get(brief.model or brief.style or usual_style(brief), Path(args["styles"])).description
    brief = replace(brief, model=None, style=model.style)
    made = explicit(decide(brief, model), brief, model)
    request, first, form = made.request, 1, []
    for phrase in made.form or ():
        form.append({"letter": phrase.letter, "first": first, "bars": phrase.bars})
        first += phrase.bars
    chords = None
    if request.chords is not None:
        flats = request.key is not None and request.key.fifths < 0
        chords = [["N.C." if chord is None else chord.name(flats) for chord in bar] for bar in request.chords]
    unmet = [str(getattr(wish, "why", wish)) for wish in made.unmet]
    return {
        "brief": document(brief),
        "understood": list(understood.told),
        "unclear": list(understood.unclear),
        "remarks": list(understood.remarks),
        "bars": request.bars,
        "meter": f"{made.meter[0]}/{made.meter[1]}",
        "tempo": request.tempo,
        "key": None if request.key is None else str(request.key),
        "form": form,
        "chords": chords,
        "energy": None if made.energy is None else list(made.energy),
        "decisions": list(made.decisions),
        "unmet": unmet,
        "phrases": phrases((*understood.remarks, *made.decisions, *unmet)),
        "style": model.style,
        "model": model.name,
    }


def file(args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """A piece as the bytes of one file."""
    score, name = unpack(base64.b64decode(args["score"])), args["file"]
    with tempfile.TemporaryDirectory(prefix="antiphon-") as folder:
        path = Path(folder) / name
        if path.suffix == ".png":
            save_picture(score, path)
        else:
            files.save(score, path)
        return {"bytes": base64.b64encode(path.read_bytes()).decode()}


def do_humanize(args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """A player's timing and touch."""
    score, locks = _source(args)
    seed = args.get("seed", 0)
    played = humanize(score, amount=args["amount"], seed=seed)
    kept, changed = keep_locked(score, played, locks)
    said = [f"Played with {args['amount']:g} times a player's freedom, seed {seed}."]
    return _one_take(args, kept, said + (["Locked bars stayed as they were."] if changed else []), tell)


def _source(args: dict[str, Any]) -> tuple[Score, list[Lock]]:
    """The piece and the locks among a call's arguments."""
    locks = [Lock(k["first"], k["last"], None if k["tracks"] is None else tuple(k["tracks"])) for k in args["locks"]]
    return unpack(base64.b64decode(args["score"])), locks


def judge(args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """The critic's verdict on a piece of whatever origin; how likely a model finds it is not asked."""
    score, _ = _source(args)
    found = find_key(score)
    key = score.keys[0].key if score.keys else None if found is None else found.key
    reasons = faults(score, key)
    verdict = Verdict(0, 0, math.nan, sum(r.points for r in reasons), tuple(reasons), weakest_bar(score, key))
    heard = ranked([score], [verdict], args.get("critic"))
    told = verdict_json(heard.verdicts[0], None, heard.preferences[0])
    return {"updates": [{"take": args["source"], "verdict": told}], "result": told}


def do_explain(args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """A piece explained: sections of lines under their headings, and everything as values."""
    score, _ = _source(args)
    style = ((args.get("manifest") or {}).get("model") or {}).get("style")
    told = explain(score, style=style)
    head, *parts = (part.split("\n") for part in text(told).split("\n\n"))
    sections = [{"title": lines[0].capitalize(), "lines": lines[1:]} for lines in parts if lines]
    explanation = {"text": head, "sections": sections, "data": told.to_dict()}
    return {"updates": [{"take": args["source"], "explanation": explanation}], "result": explanation}


def update_critic(args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """What the ratings tell of the listener's taste."""
    return {"result": {**learn(args), "updated": round(time.time(), 3)}}


def do_arrange(args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """The piece for other instruments."""
    score, locks = _source(args)
    if locks:
        raise InputError("Arranging gives every note to another player; unlock all bars first.")
    arranged, said = arrange(score, ensemble=args["ensemble"])
    return _one_take(args, arranged, said, tell)


def _one_take(args: dict[str, Any], score: Score, said: list[str], tell: Tell) -> dict[str, Any]:
    manifest = {
        "task": args["verb"],
        "asked": {name: args[name] for name in ("amount", "ensemble", "seed") if name in args},
        "notes": said,
        "before": args.get("manifest"),
        "piece": describe(score),
    }
    tell({"kind": "take", "index": 0, "packed": packed_json(pack(score)), "said": said, "manifest": manifest})
    return {"chosen": 0, "updates": [{"index": 0, "chosen": True}], "result": None}


def do_export(args: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """One zip of everything that a take can be."""
    score = unpack(base64.b64decode(args["score"]))
    return {"result": export(score, args, lambda words: tell({"kind": "progress", "message": words, "fraction": None}))}


VERBS: dict[str, Verb] = {
    "options": options,
    "plan": plan,
    "file": file,
    "humanize": do_humanize,
    "arrange": do_arrange,
    "judge": judge,
    "explain": do_explain,
    "update_critic": update_critic,
    "export": do_export,
}

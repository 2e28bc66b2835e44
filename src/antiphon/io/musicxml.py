"""MusicXML <-> Score: the door to both directions."""

from antiphon.io.musicxml_read import loads

__all__ = ["loads"]

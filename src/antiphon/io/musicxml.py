"""MusicXML <-> Score: the door to both directions."""

from antiphon.io.musicxml_read import loads
from antiphon.io.musicxml_write import dumps, dumps_mxl

__all__ = ["dumps", "dumps_mxl", "loads"]

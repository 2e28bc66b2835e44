"""XML and zip from outside, made safe: no entities, no bombs, one sentence for every failure."""

from __future__ import annotations

import io
import struct
import xml.etree.ElementTree as ET
import zipfile
import zlib
from typing import NoReturn
from xml.parsers import expat

from antiphon.errors import FormatError, LimitError

MAX_XML_BYTES = 64 * 2**20
"""Largest XML text, after unpacking."""
MAX_ELEMENTS = 4_000_000
_DAMAGED_ZIP = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, EOFError, OSError,
    NotImplementedError, RuntimeError, ValueError, KeyError, IndexError, OverflowError, MemoryError,
)  # fmt: skip


def parse_xml(data: bytes) -> ET.Element:
    """Root element of an XML document; namespaces are left as written, external DTDs are not fetched.

    Raises:
      FormatError: the text is not well-formed XML, or declares entities.
      LimitError: it is larger than MAX_XML_BYTES or has more than MAX_ELEMENTS elements.
    """
    if len(data) > MAX_XML_BYTES:
        raise LimitError(f"This XML has {len(data):,} bytes; the limit is {MAX_XML_BYTES:,}.")
    if data.count(b"<") > 2 * MAX_ELEMENTS:
        raise LimitError(f"This XML has more than {MAX_ELEMENTS:,} elements.")
    builder = ET.TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = _refuse_entity
    try:
        parser.Parse(data, True)
        return builder.close()
    except expat.ExpatError as error:
        raise FormatError(f"This is not well-formed XML: {error}.") from error
    except (ValueError, LookupError, AssertionError) as error:
        raise FormatError("This is not well-formed XML: its encoding cannot be read.") from error


def _refuse_entity(*_: object) -> NoReturn:
    raise FormatError("This XML declares entities of its own, which could be an attack; it is not read.")


def unzip_member(data: bytes, name: str) -> bytes | None:
    """Content of one member of a zip archive, None if it has no such member.

    Raises:
      FormatError: the archive is damaged.
      LimitError: the member unpacks to more than MAX_XML_BYTES.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if name not in archive.NameToInfo:
                return None
            with archive.open(name) as member:
                content = member.read(MAX_XML_BYTES + 1)
    except _DAMAGED_ZIP as error:
        raise FormatError("This compressed file is damaged: it cannot be unpacked.") from error
    if len(content) > MAX_XML_BYTES:
        raise LimitError(f"This compressed file unpacks to more than {MAX_XML_BYTES:,} bytes.")
    return content


def member_names(data: bytes) -> list[str]:
    """Names of all members of a zip archive; errors as `unzip_member`."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.namelist()
    except _DAMAGED_ZIP as error:
        raise FormatError("This compressed file is damaged: it cannot be unpacked.") from error

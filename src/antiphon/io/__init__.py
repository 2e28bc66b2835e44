"""Bytes <-> Score: MIDI, MusicXML, ABC and audio samples, both directions in one file."""

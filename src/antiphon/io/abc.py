"""ABC 2.1 <-> Score: the door to both directions."""

from antiphon.io.abc_read import loads
from antiphon.io.abc_write import dumps

__all__ = ["dumps", "loads"]

"""The compiled kernel: see arrangement.Arrangement._cut for the arguments and Cells.of_kernel for what comes back."""

from typing import Any

def cut(*arguments: Any) -> dict[str, Any]: ...

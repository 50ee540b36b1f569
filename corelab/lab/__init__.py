"""What every lab shares: options, tables and figures, "your turn", and its folder of results."""

from corelab.common.i18n import N_
from corelab.lab.run import Lab

__all__ = ["N_", "Lab"]

"""What can go wrong in a simulation itself, as opposed to in what it simulates.

::

    RadioSyncError
    +-- SimulationError       the run cannot go on
    |   +-- LivelockError     the bound on steps was reached: something repeats for ever
    |   +-- DeadlockError     something waits, and nothing is left that could wake it
    +-- ... ConfigError
        +-- ScenarioError     a scenario is unknown, or its file is wrong
"""

from radiosync.errors import ConfigError, RadioSyncError


class SimulationError(RadioSyncError):
    """The simulation cannot go on."""


class LivelockError(SimulationError):
    """The bound on steps was reached."""


class DeadlockError(SimulationError):
    """Something waits, and nothing is scheduled or running that could wake it."""


class ScenarioError(ConfigError):
    """A scenario is unknown, or its file is wrong. The text names the file, the table and the key."""

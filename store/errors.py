"""Errors of the store.

StoreError
├── StoreUnavailable   the database cannot be written or read now; trying again may help
├── StoreLocked        another keeper owns this store
├── SchemaTooNew       a newer Wiretrail wrote this database
├── FilterError        a filter, time, cursor or limit that cannot be understood
├── RuleError          a classification or redaction rule that cannot be used
└── EntryError         an activity that a service logs itself is not valid
"""


class StoreError(Exception):
    """Base of the family. Texts say what was found, where, and what was expected; never content."""


class StoreUnavailable(StoreError):
    """The database cannot be written or read now; trying again may help."""


class StoreLocked(StoreError):
    """Another keeper owns this store."""


class SchemaTooNew(StoreError):
    """The database has a schema version that this program does not know."""


class FilterError(StoreError):
    """A filter cannot be understood. `field` names the parameter."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


class RuleError(StoreError):
    """A classification or redaction rule cannot be used."""


class EntryError(StoreError):
    """An activity that a service logs itself is not valid. `field` names the column."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field

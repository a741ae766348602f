"""The errors people see: each is a sentence that names what is wrong, where, and what to do."""


class FlowctlError(Exception):
    """Anything flowctl refuses or cannot do; ``str(error)`` is fit to show to a user."""


class SiteError(FlowctlError):
    """A site's files are not fit for use; names the file, the feature and the field."""


class ConflictError(FlowctlError):
    """The request contradicts what is already true, such as a second active trip for a plate."""


class NotFoundError(FlowctlError):
    """What was asked for does not exist."""


class UnavailableError(FlowctlError):
    """A store that must answer does not; the caller should try again."""

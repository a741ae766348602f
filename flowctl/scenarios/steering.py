"""What steers a simulated day: no control, a rule of release, or the production planner's slots."""

import re
from dataclasses import dataclass
from enum import StrEnum

from flowctl.scenarios.rows import ScenarioError, unknown

_LEAST_SHARE, _MOST_SHARE = 0.1, 2.0


class Rule(StrEnum):
    """Who decides when a truck leaves its yard."""

    NONE = "none"
    """Nobody: it leaves when it is ready."""
    QUOTA = "quota"
    """A fixed rate, a share of what the gate is believed to take."""
    N_CONTROL = "n_control"
    """Production's release metering on learned capacity, without slots."""
    SLOTS = "slots"
    """Production's plan by cost alone: no hauliers' quota, no bound on priority, no standby."""
    SLOTS_REPAIR = "slots_repair"
    """All of production: the plan with its repair, standby and the site's policy."""


@dataclass(frozen=True, slots=True)
class Steering:
    """A rule with its setting.

    ``share`` of the believed capacity is what a quota lets go. ``policy`` names a policy file of
    production whose rules take the place of the site's, None where the site's hold.
    """

    rule: Rule
    share: float = 1.0
    policy: str | None = None

    @property
    def plans(self) -> bool:
        """Whether the production planner gives slots."""
        return self.rule in (Rule.SLOTS, Rule.SLOTS_REPAIR)

    def __str__(self) -> str:
        """Return the words that `parse_steering` reads."""
        if self.rule is Rule.QUOTA:
            return f"{self.rule}:{self.share:g}"
        return self.rule if self.policy is None else f"{self.rule}:{self.policy}"


def parse_steering(text: str) -> Steering:
    """Read ``none``, ``quota:0.95``, ``n_control``, ``slots`` or ``slots_repair:policy.toml``.

    Raises
    ------
    ScenarioError
        There is no such rule, or its setting cannot be.
    """
    name, _, setting = text.partition(":")
    if name not in set(Rule):
        raise unknown(name, list(Rule), f"The policy '{text}'")
    rule = Rule(name)
    if rule is Rule.QUOTA and setting:
        if not re.fullmatch(r"\d+(\.\d+)?", setting):
            raise ScenarioError(
                f"The policy '{text}': a quota is a share such as quota:0.95.",
                kind="steering_quota",
                values={"least": _LEAST_SHARE, "most": _MOST_SHARE},
            )
        share = float(setting)
        if not (_LEAST_SHARE <= share <= _MOST_SHARE):
            raise ScenarioError(
                f"The policy '{text}': the share must lie between {_LEAST_SHARE:g} and"
                f" {_MOST_SHARE:g} of the believed capacity.",
                kind="steering_quota",
                values={"least": _LEAST_SHARE, "most": _MOST_SHARE},
            )
        return Steering(rule, share)
    if setting and rule is Rule.NONE:
        raise ScenarioError(f"The policy '{text}': 'none' has no setting.", kind="steering_none")
    return Steering(rule, policy=setting or None)

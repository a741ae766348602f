"""The decision: problem, solver, plan, verification, release metering. Pure."""

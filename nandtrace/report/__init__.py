"""How verdicts look: on a console, as JSON."""

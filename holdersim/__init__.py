"""holdersim: the pressure a battery pouch cell really feels inside its holder."""

__version__ = "0.1.0"

"""Assemblies written for other programs."""

"""Shapes to meshes as plain data: layered stacks, plates, blocks, mesh files and STEP parts."""

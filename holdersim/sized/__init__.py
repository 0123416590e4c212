"""Sized holders by finite elements: what closed forms of `weight` leave out, and sizes that finite elements find.

    holdersim weigh STUDY --verify fe     # chosen holders of the study, closed form beside finite elements
    holdersim weigh STUDY --size fe       # plates and chambers of equal uniformity and safety

bent.py, vessels.py (meshes: domes.py): a part under the load that its rule assumes; stacked.py: a holder on the stack
itself; alloys.py: all alloys and ratings at fixed sizes; verify.py, sizing.py: the two commands.
"""

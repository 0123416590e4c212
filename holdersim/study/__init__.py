"""Studies around a case: design, tolerances, crowned plates.

holdersim optimise STUDY      # free variables, limits, a goal or two
holdersim tolerance STUDY     # scatter of flatness, thickness and bolt forces
holdersim crown CASE          # the plate shape that makes the pressure even
"""

"""The grid of the paper's figure 2 (Izsak et al. 2019): few labels, many systems."""

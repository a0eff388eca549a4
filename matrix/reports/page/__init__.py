"""The pages: a run's grid with the story of every cell, and a comparison in the same style."""

"""The twin of a live server: what it is asked, what follows from its answers, and the proof that both answer
alike.
"""

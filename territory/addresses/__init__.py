"""How addresses are read: pure functions, no database. Vocabulary → streets → reading → likeness."""

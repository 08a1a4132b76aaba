"""Do the tests catch what they claim to catch? Seeded bugs, each against the one test that answers for it."""

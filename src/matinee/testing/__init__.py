"""Contract suites and small made-up data, for the tests of Matinee and of engines that others write."""

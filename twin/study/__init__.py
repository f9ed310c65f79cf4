"""Many runs: comparison."""

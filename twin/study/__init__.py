"""Many runs: replications, comparison, sweeps, citing and reproducing."""

"""What each verb of the `lab` command does; every function takes the parsed arguments and returns an exit status."""

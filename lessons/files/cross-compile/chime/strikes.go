package main

// strikes says how often to ring at an hour from 0 to 23.
func strikes(hour int) int {
	return (hour+11)%12 + 1
}

"""For every case of the clinic: another right repair, and wrong repairs with the message that each must give."""

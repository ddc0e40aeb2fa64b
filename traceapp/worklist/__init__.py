"""What is to be done by whom and until when; work handed from lower packages to higher ones."""

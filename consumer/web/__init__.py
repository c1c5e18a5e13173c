"""What our pages have in common, the sandbox's and the event debugger's: the look, and who may call them."""

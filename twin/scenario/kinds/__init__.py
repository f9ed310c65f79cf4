"""The kinds of unit that come with twin, one module each: parameter model, ports, and where behaviour or kernel is found."""

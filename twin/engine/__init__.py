"""The engine: clock, bunkers, waiting lists, resources, calendars, random streams. The only code that knows SimPy."""

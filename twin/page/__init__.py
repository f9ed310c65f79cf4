"""The local page: a plant drawn, changed, run, looked at and compared in a browser, by files of one folder."""

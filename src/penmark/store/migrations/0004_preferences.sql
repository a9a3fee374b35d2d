-- One row for each verdict on two responses to one task: a model's in each order it was shown them, or a person's.
CREATE TABLE preferences (
  judge TEXT NOT NULL,
  first TEXT NOT NULL,              -- key of a response; likewise second
  second TEXT NOT NULL,
  shown TEXT NOT NULL,              -- 'ab': the first was shown first; 'ba': the second was
  repeat INTEGER NOT NULL,
  margin INTEGER,                   -- 2, 1: the first is (much) better; 0: tie; -1, -2; NULL: none, status says why
  status TEXT NOT NULL,
  reason TEXT NOT NULL,
  call TEXT,
  run TEXT,
  created_at TEXT NOT NULL,
  PRIMARY KEY (judge, first, second, repeat, shown)
) STRICT, WITHOUT ROWID;
CREATE INDEX preferences_by_first ON preferences (first);
CREATE INDEX preferences_by_second ON preferences (second);

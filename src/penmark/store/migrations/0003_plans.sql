-- What a judge settled for a task before scoring its responses: the weights of its tree, or the task's genre.
CREATE TABLE plans (
  judge TEXT NOT NULL,
  task TEXT NOT NULL,
  repeat INTEGER NOT NULL,
  plan TEXT,                        -- {"weights", "tags"} as JSON; NULL when none could be had
  status TEXT NOT NULL,
  reason TEXT NOT NULL,
  call TEXT,
  run TEXT,
  created_at TEXT NOT NULL,
  PRIMARY KEY (judge, task, repeat)
) STRICT, WITHOUT ROWID;

-- A deadline that touches a year without a holiday notice is reckoned anew when the notice is out: under which code of the
-- pack, and whether that is still to come.
ALTER TABLE hall_duty ADD COLUMN deadline TEXT;
ALTER TABLE hall_duty ADD COLUMN provisional BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX hall_duty_provisional ON hall_duty (duty_id) WHERE provisional;

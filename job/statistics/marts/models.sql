-- One row per model of the study: its family, the sha256 of its weights, and their purpose: `demo` for the small weights
-- that come with the package, whose scores are no finding; else null.
SELECT model, family, sha256, purpose
FROM study_models
ORDER BY model

-- One row per model of the study: its family, the sha256 of its weights, and their purpose: `demo` for the small weights
-- that come with the package, whose scores are no finding; else null. What the spec or the authors say of the weights:
-- trained_on (names), zero_shot (trained without any data of the study; null if unknown), datasets_seen (the data sets of
-- the study that the weights were trained on), licence, citation.
SELECT model, family, sha256, purpose, trained_on, zero_shot, datasets_seen, licence, citation
FROM study_models
ORDER BY model

//! The public data sets that can be fetched: where they are, pinned to a commit and to hashes.

/// Where downloads come from: files are at `BASE_URL/OWNER/REPOSITORY/COMMIT/PATH`.
pub const BASE_URL: &str = "https://raw.githubusercontent.com";

/// A public data set.
#[derive(Debug)]
pub struct Source {
    /// Its name on the command line and under `data/`.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// `OWNER/REPOSITORY` on GitHub.
    pub repository: &'static str,
    /// The commit that is fetched.
    pub commit: &'static str,
    /// What one may do with the texts.
    pub licence: &'static str,
    /// How the files become examples.
    pub format: Format,
    /// What makes the examples of all files of one kind.
    pub normalization: Normalization,
    /// The files, in the order that [`Format`] wants.
    pub files: &'static [SourceFile],
    /// The splits that come out, and their rows.
    pub splits: &'static [(&'static str, usize)],
}

/// One pinned file of a [`Source`].
#[derive(Debug)]
pub struct SourceFile {
    /// Its path in the repository.
    pub path: &'static str,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: &'static str,
}

/// How original files become examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `SPLIT/seq.in` with a text per line, then `SPLIT/label` with the labels.
    LinePairs,
    /// One JSON object of lists of `[text, label]`.
    ClincJson,
    /// `SPLIT.csv` with a header and the columns text and label, quoted.
    Csv,
    /// `SPLIT.tsv`; out-of-scope texts may end in their label instead of having a tab.
    Tsv,
}

/// What is done to an example so that texts and labels are of the same kind, whatever file they come
/// from. Done twice it changes no more than done once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalization {
    /// Nothing.
    None,
    /// Labels without their prefix: `atis_flight#atis_airfare` → `flight+airfare`.
    AtisLabels,
    /// As [`Normalization::AtisLabels`], and everything in lower case: ATIS has no capitals, so a
    /// capital would tell the out-of-scope texts apart for the wrong reason.
    AtisDedup,
}

impl Source {
    /// Bytes of all files together.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Where a file is downloaded from; `base` is [`BASE_URL`] or a mirror of it.
    pub fn url(&self, base: &str, file: &SourceFile) -> String {
        format!("{}/{}/{}/{}", base.trim_end_matches('/'), self.repository, self.commit, file.path)
    }
}

/// All of them, by name.
pub const SOURCES: &[Source] = &[
    Source {
        name: "atis",
        about: "airline queries, the standard split",
        repository: "monologg/JointBERT",
        commit: "00324f60dda4a491b2913bc3065ae93966caea3f",
        licence: "made from ATIS corpora of the Linguistic Data Consortium, whose owner grants no redistribution: for your own research, do not publish copies",
        format: Format::LinePairs,
        normalization: Normalization::AtisLabels,
        files: &[
            SourceFile {
                path: "data/atis/train/seq.in",
                bytes: 289_848,
                sha256: "3a670980841b21ab39088b2595efc17d487cdc45769c075a3e5f9458bba28c7f",
            },
            SourceFile {
                path: "data/atis/train/label",
                bytes: 57_831,
                sha256: "d0a771547665eecbdf9f96ea015ef07d1f6ee9f063e861020dafabb3c2a04377",
            },
            SourceFile {
                path: "data/atis/dev/seq.in",
                bytes: 32_761,
                sha256: "c7435b96e7948393608c34819628e863c5338f11ca68e8f896d2cc041d8e17f8",
            },
            SourceFile {
                path: "data/atis/dev/label",
                bytes: 6_518,
                sha256: "06957cfe6fdffac84f8280bc3a1f8ca85c85631b363817aa4543aac611f8addf",
            },
            SourceFile {
                path: "data/atis/test/seq.in",
                bytes: 52_122,
                sha256: "4b2119fc59c37f9398c6605db435d4f467505009e6ee3e5af04fed09f39dc397",
            },
            SourceFile {
                path: "data/atis/test/label",
                bytes: 11_634,
                sha256: "ce4bfe6590d9498e1078f30b4137d3e8b3e94277b444b26360c0bf2e9e282761",
            },
        ],
        splits: &[("train", 4_478), ("dev", 500), ("test", 893)],
    },
    Source {
        name: "atis-dedup",
        about: "airline queries without duplicates in the splits, with out-of-scope texts",
        repository: "jawwada/ultimate-ai-challenge",
        commit: "1efb23cc7c4a5c32f18c8f97939acda7302fc5d7",
        licence: "made from ATIS corpora of the Linguistic Data Consortium, whose owner grants no redistribution: for your own research, do not publish copies",
        format: Format::Tsv,
        normalization: Normalization::AtisDedup,
        files: &[
            SourceFile {
                path: "data/atis/train.tsv",
                bytes: 342_610,
                sha256: "c1416477a62b4f31afd07f76bfd0f70580495456ad738ed51478cf8fecef2f09",
            },
            SourceFile {
                path: "data/atis/test.tsv",
                bytes: 57_399,
                sha256: "16df13a707083fff6f5849863bc0f441a132c8c82b0a5bcddc8e6c94b24e7a60",
            },
            SourceFile {
                path: "data/atis/ood.tsv",
                bytes: 4_188,
                sha256: "43c95f49a65688d2db2f0c6adcee5576f1ce21ecc0d87aca1ee2da7a934b18cb",
            },
            SourceFile {
                path: "data/atis/ood_test.tsv",
                bytes: 3_769,
                sha256: "2558195fac34c4578a8a0782436da110b619a704a563a0c435c6c09193359bf0",
            },
        ],
        splits: &[("train", 4_634), ("test", 850), ("ood", 80), ("ood_test", 70)],
    },
    Source {
        name: "banking77",
        about: "questions to a bank, 77 fine-grained intents",
        repository: "PolyAI-LDN/task-specific-datasets",
        commit: "57ec275d8078af65b7731c2a98be812d844a6d6b",
        licence: "CC BY 4.0, by PolyAI: free to use and share, name the source",
        format: Format::Csv,
        normalization: Normalization::None,
        files: &[
            SourceFile {
                path: "banking_data/train.csv",
                bytes: 839_073,
                sha256: "b06e26ac675513959a63135f11b94ea7786ed02da65db93a5650d8838cbc664b",
            },
            SourceFile {
                path: "banking_data/test.csv",
                bytes: 239_961,
                sha256: "d12d6e3bc4c3103966ae786dc435913c0c563dfa328f5a3646d0e62cfeeb474d",
            },
        ],
        splits: &[("train", 10_003), ("test", 3_080)],
    },
    Source {
        name: "clinc150",
        about: "queries to an assistant, 150 intents, with out-of-scope texts",
        repository: "clinc/oos-eval",
        commit: "828f8093932c8fe6ca7936c3d2e52903b1c523de",
        licence: "CC BY 3.0, by Clinc, Inc.: free to use and share, name the source",
        format: Format::ClincJson,
        normalization: Normalization::None,
        files: &[SourceFile {
            path: "data/data_full.json",
            bytes: 2_495_390,
            sha256: "36923c3705a59e08fe9c3883d8bc2dd966ef93e22cb78ac41171782a698d56e0",
        }],
        splits: &[
            ("train", 15_000),
            ("dev", 3_000),
            ("test", 4_500),
            ("ood", 100),
            ("ood_dev", 100),
            ("ood_test", 1_000),
        ],
    },
    Source {
        name: "snips",
        about: "commands to a voice assistant, 7 intents",
        repository: "monologg/JointBERT",
        commit: "00324f60dda4a491b2913bc3065ae93966caea3f",
        licence: "published by Snips under CC0 1.0; the split by JointBERT",
        format: Format::LinePairs,
        normalization: Normalization::None,
        files: &[
            SourceFile {
                path: "data/snips/train/seq.in",
                bytes: 617_079,
                sha256: "04ad1e3f2121d83c6478f9a4b17d2dbdc21d06d6127f73cb7af835ed733f9855",
            },
            SourceFile {
                path: "data/snips/train/label",
                bytes: 184_532,
                sha256: "bfd7df6cf9dd76c5da5d8b61bc85f90386197bdd3d7510c1d324c051537b962f",
            },
            SourceFile {
                path: "data/snips/dev/seq.in",
                bytes: 33_629,
                sha256: "64e0f6d8ad8aab3a3828164d7d53731a0993d3ca1aed437ceaca6d3d568d410e",
            },
            SourceFile {
                path: "data/snips/dev/label",
                bytes: 9_900,
                sha256: "9c1dd041216f647bcfca838aaf1a48eb5781e4404256d31ff07cd38a5436c52f",
            },
            SourceFile {
                path: "data/snips/test/seq.in",
                bytes: 33_121,
                sha256: "c1e341173fcea2951a8ca371956a6f81c76de87b9583c62eb87edd6158fa3a7c",
            },
            SourceFile {
                path: "data/snips/test/label",
                bytes: 10_120,
                sha256: "37a26da3ad079bb41c42c85a3a8f827eb47efec4c5917ce5d08f4b2736e4f830",
            },
        ],
        splits: &[("train", 13_084), ("dev", 700), ("test", 700)],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pin_is_complete_and_well_formed() {
        for source in SOURCES {
            assert_eq!(source.commit.len(), 40, "{}", source.name);
            assert!(source.splits.iter().any(|(split, _)| *split == "train"), "{}", source.name);
            for file in source.files {
                let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
                assert!(file.sha256.len() == 64 && file.sha256.chars().all(is_hex), "{}", file.path);
            }
        }
        assert!(SOURCES.is_sorted_by_key(|source| source.name));
    }

    #[test]
    fn a_url_is_base_repository_commit_and_path() {
        let snips = SOURCES.iter().find(|source| source.name == "snips").unwrap();
        assert_eq!(
            snips.url("http://mirror/", &snips.files[1]),
            "http://mirror/monologg/JointBERT/00324f60dda4a491b2913bc3065ae93966caea3f/data/snips/train/label"
        );
    }
}

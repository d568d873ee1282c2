from imagenet_dm import class_names


def test_names_are_kaggles_or_the_synsets(tmp_path):
    classes = ("n01440764", "n01443537")
    assert class_names(tmp_path, classes) == list(classes)
    (tmp_path / "LOC_synset_mapping.txt").write_text("n01440764 tench, Tinca tinca\n")
    assert class_names(tmp_path, classes) == ["tench", "n01443537"]

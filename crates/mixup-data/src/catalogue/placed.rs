//! The sets that their user puts in place: no provider serves them, and their sums are not known here.

use super::PLAIN;
use crate::dataset::{Content, DataSet, Tree};

const RESEARCH: &str = "for research only; the photographs belong to their photographers";
const UNSEEN: &str = "Not seen here: the reader was tested on small trees of the same names, and a run's identity says that this \
                      set was meant, not which bytes it had.";

/// A set of photographs.
const PHOTOGRAPHS: DataSet = DataSet { licence: RESEARCH, note: UNSEEN, ..PLAIN };

/// Birds of 200 kinds.
pub static CUB_200_2011: DataSet = DataSet {
    name: "cub-200-2011",
    folder: "CUB_200_2011",
    title: "CUB-200-2011: 11788 photographs of birds, 200 kinds",
    citation: "Wah, Branson, Welinder, Perona, Belongie (2011), The Caltech-UCSD Birds-200-2011 dataset, CNS-TR-2011-001",
    page: "https://data.caltech.edu/records/65de6-vp158",
    content: Content::Tree(Tree { marks: &["images.txt", "image_class_labels.txt", "images"] }),
    howto: Some("Unpack CUB_200_2011.tgz of that page; its folder may keep its name."),
    ..PHOTOGRAPHS
};

/// Cars of 196 models.
pub static STANFORD_CARS: DataSet = DataSet {
    name: "stanford-cars",
    folder: "stanford_cars",
    title: "Stanford Cars (Cars196): 8144 and 8041 photographs of cars, 196 models",
    citation: "Krause, Stark, Deng, Fei-Fei (2013), 3D object representations for fine-grained categorization, 3DRR",
    page: "https://ai.stanford.edu/~jkrause/cars/car_dataset.html",
    content: Content::Tree(Tree {
        marks: &["cars_test_annos_withlabels.mat", "devkit/cars_train_annos.mat", "cars_train", "cars_test"],
    }),
    howto: Some(
        "Unpack cars_train.tgz, cars_test.tgz and car_devkit.tgz beside each other and put the test labels, \
         cars_test_annos_withlabels.mat, there too.",
    ),
    ..PHOTOGRAPHS
};

/// Goods of an auction house.
pub static STANFORD_ONLINE_PRODUCTS: DataSet = DataSet {
    name: "stanford-online-products",
    folder: "Stanford_Online_Products",
    title: "Stanford Online Products (SOP): 120053 photographs of 22634 products",
    citation: "Oh Song, Xiang, Jegelka, Savarese (2016), Deep metric learning via lifted structured feature embedding, CVPR",
    page: "https://cvgl.stanford.edu/projects/lifted_struct/",
    content: Content::Tree(Tree { marks: &["Ebay_train.txt", "Ebay_test.txt"] }),
    howto: Some("Unpack Stanford_Online_Products.zip of that page."),
    ..PHOTOGRAPHS
};

/// Clothes of a shop.
pub static IN_SHOP: DataSet = DataSet {
    name: "in-shop",
    folder: "In-shop",
    title: "In-Shop Clothes Retrieval (DeepFashion): 52712 photographs of 7982 clothes",
    citation: "Liu, Luo, Qiu, Wang, Tang (2016), DeepFashion, CVPR",
    page: "http://mmlab.ie.cuhk.edu.hk/projects/DeepFashion/InShopRetrieval.html",
    content: Content::Tree(Tree { marks: &["list_eval_partition.txt", "img"] }),
    howto: Some("Put list_eval_partition.txt of its part Eval beside the folder img of its part Img."),
    ..PHOTOGRAPHS
};

/// Aircraft of 100 variants.
pub static FGVC_AIRCRAFT: DataSet = DataSet {
    name: "fgvc-aircraft",
    folder: "fgvc-aircraft-2013b",
    title: "FGVC-Aircraft: 6667 and 3333 photographs of aircraft, 100 variants",
    citation: "Maji, Rahtu, Kannala, Blaschko, Vedaldi (2013), Fine-grained visual classification of aircraft, arXiv:1306.5151",
    page: "https://www.robots.ox.ac.uk/~vgg/data/fgvc-aircraft/",
    content: Content::Tree(Tree {
        marks: &["data/variants.txt", "data/images_variant_trainval.txt", "data/images"],
    }),
    howto: Some("Unpack fgvc-aircraft-2013b.tar.gz of that page."),
    ..PHOTOGRAPHS
};

/// Butterflies of 200 species.
pub static BUTTERFLY_200: DataSet = DataSet {
    name: "butterfly-200",
    folder: "Butterfly200",
    title: "Butterfly-200: photographs of butterflies, 200 species",
    citation: "Chen, Wu, Gao, Dong, Luo, Lin (2018), Fine-grained representation learning and recognition by exploiting \
               hierarchical semantic embedding, ACM MM",
    page: "https://www.dropbox.com/sh/3p4x1oc5efknd69/AABwnyoH2EKi6H9Emcyd0pXCa?dl=0",
    content: Content::Tree(Tree {
        marks: &["Butterfly200_train_release.txt", "Butterfly200_val_release.txt", "images_small"],
    }),
    licence: "none known here; for research only",
    howto: Some("Unpack images_small of that page beside its three lists."),
    ..PHOTOGRAPHS
};

/// Birds of North America.
pub static NABIRDS: DataSet = DataSet {
    name: "nabirds",
    folder: "nabirds",
    title: "NABirds: 48562 photographs of birds, 555 categories",
    citation: "Van Horn et al. (2015), Building a bird recognition app and large scale dataset with citizen scientists, CVPR",
    page: "https://dl.allaboutbirds.org/nabirds",
    content: Content::Tree(Tree {
        marks: &["images.txt", "image_class_labels.txt", "train_test_split.txt", "images"],
    }),
    howto: Some("Accept its terms on that page and unpack nabirds.tar.gz."),
    ..PHOTOGRAPHS
};

/// Photographs of a web search.
pub static WEBVISION: DataSet = DataSet {
    name: "webvision",
    folder: "WebVision",
    title: "WebVision 1.0, resized training images without dogs, birds, butterflies, aircraft and vehicles: outliers",
    citation: "Li, Wang, Li, Agustsson, Van Gool (2017), WebVision database, arXiv:1708.02862",
    page: "https://data.vision.ee.ethz.ch/cvl/webvision/download.html",
    content: Content::Tree(Tree {
        marks: &["info/synsets.txt", "info/train_filelist_google.txt", "info/train_filelist_flickr.txt"],
    }),
    howto: Some(
        "Unpack the resized images of Google and Flickr as google/ and flickr/, and the training and validation labels as info/.",
    ),
    ..PHOTOGRAPHS
};

const CORRUPTED: DataSet = DataSet {
    citation: "Hendrycks, Dietterich (2019), Benchmarking neural network robustness to common corruptions and perturbations, \
               ICLR, arXiv:1903.12261",
    licence: "CC BY 4.0",
    note: UNSEEN,
    ..PLAIN
};

/// Corrupted test images of CIFAR-10.
pub static CIFAR_10_C: DataSet = DataSet {
    name: "cifar-10-c",
    folder: "CIFAR-10-C",
    title: "CIFAR-10-C: CIFAR-10's test images under corruptions of five severities",
    page: "https://zenodo.org/records/2535967",
    content: Content::Tree(Tree { marks: &["labels.npy", "gaussian_noise.npy", "jpeg_compression.npy"] }),
    howto: Some("Unpack CIFAR-10-C.tar of that page."),
    ..CORRUPTED
};

/// Corrupted test images of CIFAR-100.
pub static CIFAR_100_C: DataSet = DataSet {
    name: "cifar-100-c",
    folder: "CIFAR-100-C",
    title: "CIFAR-100-C: CIFAR-100's test images under corruptions of five severities",
    page: "https://zenodo.org/records/3555552",
    content: Content::Tree(Tree { marks: &["labels.npy", "gaussian_noise.npy", "jpeg_compression.npy"] }),
    howto: Some("Unpack CIFAR-100-C.tar of that page."),
    ..CORRUPTED
};

/// Weights of a network that was trained on ImageNet.
pub static RESNET50_IMAGENET: DataSet = DataSet {
    name: "resnet50-imagenet",
    folder: "resnet50.tv_in1k",
    title: "ResNet-50 trained on ImageNet-1k, torchvision's first weights: initial weights, no images",
    citation: "He, Zhang, Ren, Sun (2016), Deep residual learning for image recognition, CVPR; torchvision; timm",
    licence: "BSD 3-Clause (its model card); ImageNet's images have terms of their own",
    page: "https://huggingface.co/timm/resnet50.tv_in1k",
    note: "About 100 MB. Not seen here: any file of such a network with torchvision's names is taken, and a run's identity does \
           not say which it was.",
    content: Content::Tree(Tree { marks: &["model.safetensors"] }),
    howto: Some("Download model.safetensors of that page."),
    ..PLAIN
};

module github.com/limpid-ml/limpid

go 1.26

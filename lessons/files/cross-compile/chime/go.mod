module chime

go 1.26

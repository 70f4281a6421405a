global using Halo.Silo;

using System.Reflection;

namespace Halo.Silo.Clustering;

/// <summary>What a database must hold for Orleans: tables, and the statements that Orleans reads from it by key.</summary>
/// <param name="Version">Version of the tables, 1 and up. It grows when tables change so that older programs can no longer use them.</param>
/// <param name="Tables">Makes what is missing; changes nothing that is there.</param>
/// <param name="Queries">Statements by the key that Orleans asks for.</param>
internal sealed record StoreScripts(int Version, string Tables, IReadOnlyDictionary<string, string> Queries)
{
    /// <summary>The version of the tables that this program makes.</summary>
    internal const int CurrentVersion = 1;

    private const string TablesName = "Tables";

    /// <summary>The scripts that this program carries.</summary>
    internal static StoreScripts Load(StoreDialect dialect)
    {
        string folder = $"Sql/{dialect}/";
        Assembly assembly = typeof(StoreScripts).Assembly;
        Dictionary<string, string> scripts = assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(folder, StringComparison.Ordinal))
            .ToDictionary(name => Path.GetFileNameWithoutExtension(name[folder.Length..]), name => Read(assembly, name));
        return scripts.Remove(TablesName, out string? tables)
            ? new StoreScripts(CurrentVersion, tables, scripts)
            : throw new InvalidOperationException($"This program was built without {folder}{TablesName}.sql.");
    }

    private static string Read(Assembly assembly, string name)
    {
        using StreamReader reader = new(assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}

using System.Xml.Linq;

namespace Halo.Architecture.Tests;

/// <summary>Which way the arrows between projects point, and where package versions are written.</summary>
public static class ProjectRules
{
    /// <summary>The one file through which a project learns who hosts its grains.</summary>
    public const string EngineProps = "GrainEngine.props";

    // A room may reach those below it through others, so a direct reference to each of them is allowed too.
    private static readonly Dictionary<string, string[]> s_mayReference = new()
    {
        ["Halo.Inference"] = [],
        ["Halo.Planning"] = [],
        ["Halo.Fabric"] = [],
        ["Halo.Orleans.Embedded"] = [],
        ["Halo.Lab"] = [],
        ["Halo.Boards"] = ["Halo.Inference", "Halo.Planning", "Halo.Fabric"],
        ["Halo.Grains.Interfaces"] = ["Halo.Planning"],
        ["Halo.Grains"] = ["Halo.Inference", "Halo.Planning", "Halo.Fabric", "Halo.Boards", "Halo.Grains.Interfaces"],
        ["Halo.Silo"] = ["Halo.Inference", "Halo.Planning", "Halo.Fabric", "Halo.Boards", "Halo.Grains.Interfaces", "Halo.Grains"],
        ["Halo.Gateway"] = ["Halo.Silo", "Halo.Grains.Interfaces"],
        ["Halo.Cli"] =
            ["Halo.Inference", "Halo.Planning", "Halo.Fabric", "Halo.Boards", "Halo.Grains.Interfaces", "Halo.Grains", "Halo.Silo", "Halo.Gateway", "Halo.Lab"],
    };

    // Those that hold grains or call them: which engine it is stands in the import alone.
    private static readonly string[] s_mayKnowEngine = ["Halo.Grains.Interfaces", "Halo.Grains", "Halo.Silo", "Halo.Gateway", "Halo.Cli"];

    /// <summary>The projects that the table knows.</summary>
    public static IReadOnlyCollection<string> Projects => s_mayReference.Keys;

    /// <summary>What is wrong with a project's references; empty when nothing is.</summary>
    public static IReadOnlyList<string> Faults(ProjectFile project)
    {
        if (!s_mayReference.TryGetValue(project.Name, out string[]? allowed))
        {
            return [$"{project.Name} is not in the table of rooms; say there what it may use."];
        }

        return
        [
            .. project.References.Except(allowed).Select(reference => $"{project.Name} must not reference {reference}."),
            .. project.Imports.Where(import => import != EngineProps || !s_mayKnowEngine.Contains(project.Name))
                .Select(import => $"{project.Name} must not import {import}."),
            .. project.Packages.Where(package => package.Version is not null)
                .Select(package => $"{project.Name} names version {package.Version} of {package.Id}; versions are in Directory.Packages.props."),
        ];
    }

    /// <summary>Central versions that are not one exact version.</summary>
    public static IReadOnlyList<string> FloatingVersions(string packagesXml)
    {
        XDocument document = XDocument.Parse(packagesXml);
        Dictionary<string, string> properties = document.Descendants("PropertyGroup").Elements()
            .ToDictionary(property => $"$({property.Name.LocalName})", property => property.Value);
        return
        [
            .. document.Descendants("PackageVersion")
                .Select(package => (Id: package.Attribute("Include")?.Value, Version: package.Attribute("Version")?.Value ?? ""))
                .Select(package => (package.Id, Version: properties.GetValueOrDefault(package.Version, package.Version)))
                .Where(package => !Version.TryParse(package.Version, out _))
                .Select(package => $"{package.Id} has version '{package.Version}', which is not one exact version."),
        ];
    }
}

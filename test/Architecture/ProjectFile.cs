using System.Xml.Linq;

namespace Halo.Architecture.Tests;

/// <summary>A package that a project asks for, with the version that it names itself; null leaves it to the central list.</summary>
public sealed record PackageUse(string Id, string? Version);

/// <summary>What one project file references.</summary>
/// <param name="Name">The project's name: its file name without the extension.</param>
/// <param name="References">Names of the projects it references.</param>
/// <param name="Imports">Files it imports, without their folders.</param>
/// <param name="Packages">Packages it uses.</param>
public sealed record ProjectFile(
    string Name, IReadOnlyList<string> References, IReadOnlyList<string> Imports, IReadOnlyList<PackageUse> Packages)
{
    public static ProjectFile Parse(string name, string xml)
    {
        XDocument document = XDocument.Parse(xml);
        return new ProjectFile(
            name,
            [.. Attributes(document, "ProjectReference", "Include").Select(BareName)],
            [.. Attributes(document, "Import", "Project").Select(path => path.Replace('\\', '/').Split('/')[^1])],
            [.. document.Descendants("PackageReference").Select(package => new PackageUse(
                package.Attribute("Include")?.Value ?? package.Attribute("Update")?.Value ?? "?",
                Value(package, "Version") ?? Value(package, "VersionOverride")))]);
    }

    private static string? Value(XElement element, string name) => element.Attribute(name)?.Value ?? element.Element(name)?.Value;

    private static IEnumerable<string> Attributes(XDocument document, string element, string attribute) =>
        document.Descendants(element).Select(found => found.Attribute(attribute)?.Value).OfType<string>();

    private static string BareName(string path) => Path.GetFileNameWithoutExtension(path.Replace('\\', '/'));
}

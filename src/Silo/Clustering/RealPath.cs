namespace Halo.Silo.Clustering;

/// <summary>Paths without symbolic links.</summary>
internal static class RealPath
{
    // As many as Linux follows.
    private const int MostLinks = 40;

    /// <summary>Follows the links of a full path. What is not there, or may not be looked at, stays as it is named.</summary>
    /// <exception cref="MembershipStoreException">Links lead in a circle.</exception>
    internal static string Of(string path)
    {
        string resolved = "/";
        Stack<string> open = new(Parts(path).Reverse());
        int links = 0;
        while (open.TryPop(out string? part))
        {
            if (part == "..")
            {
                resolved = Path.GetDirectoryName(resolved) ?? "/";
                continue;
            }

            string next = Path.Combine(resolved, part);
            if (Target(next) is not { } target)
            {
                resolved = next;
                continue;
            }

            if (++links > MostLinks)
            {
                throw new MembershipStoreException($"The path {path} has symbolic links that lead in a circle. Name another.");
            }

            resolved = target.StartsWith('/') ? "/" : resolved;
            foreach (string step in Parts(target).Reverse())
            {
                open.Push(step);
            }
        }

        return resolved;
    }

    private static IEnumerable<string> Parts(string path) => path.Split('/').Where(part => part is not ("" or "."));

    private static string? Target(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

using System.Collections;
using System.Reflection;

namespace Halo.Gateway;

/// <summary>Reads options from the configuration, one by one, so that all faults are found and a misspelt name is one.</summary>
internal static class OptionsReader
{
    /// <summary>The options of a section; what could not be read keeps its default and is a fault.</summary>
    /// <param name="section">The section.</param>
    /// <param name="faults">Takes the faults.</param>
    /// <param name="others">Names within the section that others read.</param>
    public static T Read<T>(IConfigurationSection section, List<string> faults, params string[] others)
        where T : class, new()
    {
        T options = new();
        Dictionary<string, PropertyInfo> known = typeof(T).GetProperties().Where(property => property.CanWrite)
            .ToDictionary(property => property.Name, StringComparer.OrdinalIgnoreCase);
        foreach (IConfigurationSection child in section.GetChildren())
        {
            if (known.TryGetValue(child.Key, out PropertyInfo? property))
            {
                Bind(options, child, property, faults);
            }
            else if (!others.Contains(child.Key, StringComparer.OrdinalIgnoreCase))
            {
                faults.Add($"{child.Path} is no option; there are {string.Join(", ", known.Keys)}.");
            }
        }

        return options;
    }

    private static void Bind<T>(T options, IConfigurationSection child, PropertyInfo property, List<string> faults)
        where T : class
    {
        string parent = child.Path[..^(child.Key.Length + 1)] + ":";
        bool read = true;
        try
        {
            new ConfigurationBuilder()
                .AddInMemoryCollection(child.AsEnumerable().Select(pair => KeyValuePair.Create(pair.Key[parent.Length..], pair.Value)))
                .Build()
                .Bind(options);
        }
        catch (InvalidOperationException)
        {
            read = false;
        }

        // The binder leaves out entries of a list that it cannot read, and says nothing.
        if (!read || (property.GetValue(options) is ICollection entries && entries.Count < child.GetChildren().Count()))
        {
            string found = string.Join(",", child.AsEnumerable().Where(pair => pair.Value is not null).OrderBy(pair => pair.Key).Select(pair => pair.Value));
            faults.Add($"{child.Path} is '{found}'; it must be {Words(property.PropertyType)}.");
        }
    }

    private static string Words(Type type)
    {
        Type plain = Nullable.GetUnderlyingType(type) ?? type;
        return plain switch
        {
            { IsEnum: true } => string.Join(" or ", Enum.GetNames(plain)),
            _ when plain == typeof(int) || plain == typeof(long) => "a whole number",
            _ when plain == typeof(TimeSpan) => "a time such as 00:00:15",
            _ when plain == typeof(List<double>) => "numbers",
            _ when plain == typeof(bool) => "true or false",
            _ => "of another form",
        };
    }
}

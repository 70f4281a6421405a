using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Concurrency;
using Orleans.Placement;

namespace Orleans.Runtime;

/// <summary>What the attributes of a grain class say.</summary>
internal sealed class GrainClass(Type type)
{
    internal Type Type { get; } = type;

    internal GrainType GrainType { get; } = GrainType.Create(
        (type.Name.EndsWith("Grain", StringComparison.Ordinal) ? type.Name[..^"Grain".Length] : type.Name).ToLowerInvariant());

    internal Type[] Interfaces { get; } =
        [.. type.GetInterfaces().Where(candidate => candidate.IsAssignableTo(typeof(IGrain)) && candidate.Assembly != typeof(IGrain).Assembly)];

    internal PlacementStrategy Placement { get; } =
        type.GetCustomAttribute<PlacementAttribute>()?.PlacementStrategy ?? RandomPlacement.Singleton;

    internal bool IsReentrant { get; } = type.IsDefined(typeof(ReentrantAttribute));

    /// <summary>Null: as the silo's options say.</summary>
    internal TimeSpan? CollectionAge { get; } = type.IsDefined(typeof(KeepAliveAttribute))
        ? TimeSpan.MaxValue
        : type.GetCustomAttribute<CollectionAgeLimitAttribute>()?.AgeLimit;

    internal ObjectFactory Construct { get; } = ActivatorUtilities.CreateFactory(type, Type.EmptyTypes);
}

/// <summary>The grain classes of this process, found in all assemblies that reference this one.</summary>
internal static class GrainTypeMap
{
    private static readonly Lock s_lock = new();
    private static readonly HashSet<Assembly> s_scanned = [];
    private static Dictionary<GrainType, GrainClass> s_classes = [];

    internal static GrainClass ClassOf(GrainType type) =>
        s_classes.TryGetValue(type, out GrainClass? found) || Load().TryGetValue(type, out found)
            ? found
            : throw new ArgumentException($"There is no grain class of type \"{type}\".");

    /// <summary>The one class that implements the interface; of several, the one named after it or chosen by prefix.</summary>
    internal static GrainType TypeFor(Type interfaceType, string? classNamePrefix)
    {
        GrainClass[] candidates = Candidates(s_classes);
        candidates = candidates.Length > 0 ? candidates : Candidates(Load());
        return candidates.Length == 1 ? candidates[0].GrainType
            : Array.Find(candidates, candidate => interfaceType.Name == $"I{candidate.Type.Name}")?.GrainType
            ?? throw new ArgumentException(
                $"{candidates.Length} grain classes implement {interfaceType}: {string.Join(", ", candidates.Select(one => one.Type.FullName))}.");

        GrainClass[] Candidates(Dictionary<GrainType, GrainClass> classes) =>
            [.. classes.Values.Where(candidate => candidate.Interfaces.Contains(interfaceType)
                && (classNamePrefix is null || candidate.Type.FullName!.StartsWith(classNamePrefix, StringComparison.Ordinal)))];
    }

    /// <summary>Looks through the loaded assemblies and what they reference, once each.</summary>
    internal static Dictionary<GrainType, GrainClass> Load()
    {
        lock (s_lock)
        {
            Dictionary<GrainType, GrainClass> classes = new(s_classes);
            foreach (Assembly assembly in AppDomain.CurrentDomain.GetAssemblies())
            {
                Scan(assembly, classes);
            }

            return s_classes = classes;
        }
    }

    private static void Scan(Assembly assembly, Dictionary<GrainType, GrainClass> classes)
    {
        if (assembly.IsDynamic || IsPlatform(assembly.GetName()) || !s_scanned.Add(assembly))
        {
            return;
        }

        AssemblyName[] references = assembly.GetReferencedAssemblies();
        foreach (AssemblyName reference in references.Where(reference => !IsPlatform(reference)))
        {
            try
            {
                Scan(Assembly.Load(reference), classes);
            }
            catch (FileNotFoundException)
            {
                // An optional reference that was not deployed can hold no grain that runs here.
            }
        }

        if (references.Any(reference => reference.Name == typeof(Grain).Assembly.GetName().Name))
        {
            foreach (Type type in assembly.GetTypes().Where(type => type is { IsAbstract: false, IsGenericTypeDefinition: false } && type.IsSubclassOf(typeof(Grain))))
            {
                GrainClass grainClass = new(type);
                if (grainClass.Interfaces.Length > 0 && !classes.TryAdd(grainClass.GrainType, grainClass))
                {
                    throw new OrleansException(
                        $"{type} and {classes[grainClass.GrainType].Type} have the same grain type \"{grainClass.GrainType}\".");
                }
            }
        }
    }

    private static bool IsPlatform(AssemblyName name) =>
        name.Name is null or "mscorlib" or "netstandard"
        || name.Name.StartsWith("System", StringComparison.Ordinal)
        || name.Name.StartsWith("Microsoft.", StringComparison.Ordinal);
}

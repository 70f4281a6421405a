using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Concurrency;
using Orleans.Placement;

namespace Orleans.Runtime;

/// <summary>What the attributes of a grain class say.</summary>
internal sealed class GrainClass(Type type)
{
    internal string GrainType { get; } =
        (type.Name.EndsWith("Grain", StringComparison.Ordinal) ? type.Name[..^"Grain".Length] : type.Name).ToLowerInvariant();

    internal IEnumerable<Type> Interfaces => type.GetInterfaces();

    internal PlacementStrategy Placement { get; } =
        type.GetCustomAttribute<PlacementAttribute>()?.PlacementStrategy ?? new RandomPlacement();

    internal bool IsReentrant { get; } = type.IsDefined(typeof(ReentrantAttribute));

    internal bool IsKeptAlive { get; } = type.IsDefined(typeof(KeepAliveAttribute));

    internal ObjectFactory Construct { get; } = ActivatorUtilities.CreateFactory(type, Type.EmptyTypes);

    public override string ToString() => type.ToString();
}

/// <summary>The grain classes of this process: all in loaded assemblies, and in those they reference.</summary>
internal sealed class GrainTypeMap
{
    private static readonly AssemblyName s_engine = typeof(Grain).Assembly.GetName();

    private readonly Dictionary<string, GrainClass> _byType = [];
    private readonly Dictionary<Type, GrainClass?> _byInterface = []; // null where several classes implement it
    private readonly HashSet<Assembly> _scanned = [];

    internal GrainTypeMap() => Array.ForEach(AppDomain.CurrentDomain.GetAssemblies(), Scan);

    internal GrainClass ClassOf(GrainId grainId) => _byType[grainId.Type];

    internal string TypeFor(Type interfaceType) => _byInterface.GetValueOrDefault(interfaceType)?.GrainType
        ?? throw new ArgumentException($"There is not exactly one grain class that implements {interfaceType}.");

    private void Scan(Assembly assembly)
    {
        if (assembly.IsDynamic || IsPlatform(assembly.GetName()) || !_scanned.Add(assembly))
        {
            return;
        }

        AssemblyName[] references = [.. assembly.GetReferencedAssemblies().Where(reference => !IsPlatform(reference))];
        foreach (AssemblyName reference in references)
        {
            try
            {
                Scan(Assembly.Load(reference));
            }
            catch (FileNotFoundException)
            {
                // An optional reference that was not deployed can hold no grain that runs here.
            }
        }

        if (Array.Exists(references, reference => reference.Name == s_engine.Name))
        {
            Array.ForEach(Array.FindAll(assembly.GetTypes(), type => !type.IsAbstract && type.IsSubclassOf(typeof(Grain))), Add);
        }
    }

    private void Add(Type type)
    {
        GrainClass grainClass = new(type);
        if (!_byType.TryAdd(grainClass.GrainType, grainClass))
        {
            throw new OrleansException($"{type} and {_byType[grainClass.GrainType]} have the same grain type \"{grainClass.GrainType}\".");
        }

        foreach (Type grainInterface in grainClass.Interfaces)
        {
            _byInterface[grainInterface] = _byInterface.ContainsKey(grainInterface) ? null : grainClass;
        }
    }

    private static bool IsPlatform(AssemblyName name) =>
        name.Name is null or "mscorlib" or "netstandard"
        || name.Name.StartsWith("System", StringComparison.Ordinal)
        || name.Name.StartsWith("Microsoft.", StringComparison.Ordinal);
}
